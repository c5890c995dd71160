using System.CommandLine;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Commands;
using SvdSurgeon.Cli.Commands.Demo;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Cli.Output.Help;

namespace SvdSurgeon.Cli;

internal static class Program
{
    /// <summary>All verbs with their options.</summary>
    internal static RootCommand CreateRoot()
    {
        var root = new RootCommand("Makes language models fit into less memory, without training: fewer bits, fewer ranks.")
        {
            DemoCommand.Create(),
            CompressCommand.Create(),
            SweepCommand.Create(),
            RunCommand.Create(),
            ReportCommand.Create(),
            StatsCommand.Create(),
            MergeCommand.Create(),
            PlanCommand.Create(),
            EvalCommand.Create(),
            TasksCommand.Create(),
            CompareCommand.Create(),
            BenchCommand.Create(),
            GenerateCommand.Create(),
            ChatCommand.Create(),
            ExportCommand.Create(),
            InspectCommand.Create(),
            TokenizeCommand.Create(),
            DevicesCommand.Create(),
            WorkerCommand.Create(),
            CleanCommand.Create(),
            CompletionCommand.Create(),
        };
        root.Add(CommonOptions.Verbose);
        root.Add(CommonOptions.Progress);
        StrictArguments.ApplyTo(root);
        return root;
    }

    public static async Task<int> Main(string[] args)
    {
        PipedConsole.Apply();
        var root = CreateRoot();
        if (args.Length == 0)
        {
            Console.WriteLine(Overview.Text);
            return ExitCode.Success;
        }
        if (VerbHelp.IsWanted(args))
        {
            Console.WriteLine(VerbHelp.Text(root, args, PipedConsole.Width()));
            return ExitCode.Success;
        }
        try
        {
            OptionCheck.Check(root, args);
            args = Presets.Expand(ArgumentText.Normalize(args));
        }
        catch (InvalidInputException error)
        {
            return ExitCode.Report(error, verbose: false);
        }
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            Console.Error.WriteLine(
                $"svdsurgeon: {parsed.Errors[0].Message} See 'svdsurgeon {string.Join(' ', [.. CommandPath(parsed), "--help"])}'."
            );
            return ExitCode.BadInput;
        }
        ProgressView.Mode = parsed.GetValue(CommonOptions.Progress);
        var configuration = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeSpan.FromSeconds(30),
        };
        try
        {
            return await parsed.InvokeAsync(configuration).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            return ExitCode.Report(error, parsed.GetValue(CommonOptions.Verbose));
        }
    }

    private static IEnumerable<string> CommandPath(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (
            var result = parsed.CommandResult;
            result?.Parent is not null;
            result = result.Parent as System.CommandLine.Parsing.CommandResult
        )
            names.Push(result.Command.Name);
        return names;
    }
}
