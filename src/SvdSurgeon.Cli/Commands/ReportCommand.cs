using System.CommandLine;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Reporting;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon report: one HTML file about results on disk.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var folders = new Argument<string[]>("out")
        {
            Description = "Output folders of compress, or folders of such folders; all of one model.",
            Arity = ArgumentArity.OneOrMore,
        };
        var html = new Option<string?>("--html") { Description = "The file to write. Default: report.html in the first folder." };
        var command = new Command(
            "report",
            "Write one self-contained HTML file about results: sizes, perplexities, steps, modules, spectra, times."
        )
        {
            folders,
            html,
        };
        command.SetAction(parsed =>
        {
            Console.WriteLine(HtmlReport.Write(parsed.GetRequiredValue(folders), parsed.GetValue(html)));
            return ExitCode.Success;
        });
        return command;
    }
}
