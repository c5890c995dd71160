using System.CommandLine;
using SvdSurgeon.Compare.Machine;
using SvdSurgeon.Compare.Measures;
using SvdSurgeon.Compare.Processes;
using SvdSurgeon.Compare.Tables;

namespace SvdSurgeon.Compare;

/// <summary>Side-by-side runs of this program and the peer; perf/README.md has the commands.</summary>
internal static class Program
{
    public static IReadOnlyList<IMeasure> Measures { get; } =
    [
        new StartUp(),
        new ForwardBackwardSpeed(),
        new PerplexitySpeed(),
        new FisherForms(),
        new DecodingSpeed(),
        new ThreadScaling(),
        new Growth(),
        new EndToEnd(),
    ];

    public static int Main(string[] args)
    {
        var arguments = new Arguments();
        var root = new RootCommand(
            "Measures svdsurgeon beside the published computation in PyTorch, alternating, and writes a Markdown report."
        );
        arguments.AddTo(root);
        root.SetAction(parsed =>
        {
            try
            {
                Run(arguments.Read(parsed), arguments.Chosen(parsed), parsed.GetValue(arguments.Out), args);
                return 0;
            }
            catch (Exception error) when (error is InvalidInputException or InvalidModelException)
            {
                Console.Error.WriteLine($"compare: {error.Message}");
                return 2;
            }
        });
        return root.Parse(args).Invoke();
    }

    private static void Run(Settings settings, IReadOnlyList<IMeasure> measures, string? path, string[] args)
    {
        var report = new Report(path);
        var peer = Peer.Find(settings);
        if (!peer.IsThere)
            Console.Error.WriteLine($"compare: the peer is {peer.Description} Only our side is measured.");
        var machine = MachineDescription.Measure();
        using var comparison = new Comparison(settings, machine, peer);
        report.Add(Head(comparison, args));
        foreach (var measure in measures)
            report.Add(measure.Run(comparison));
        if (path is null)
            Console.Out.Write(report.Text());
    }

    private static Section Head(Comparison comparison, string[] args)
    {
        var section = new Section("Machine and command");
        section.Add(comparison.Machine.Lines(comparison.Peer));
        section.Say($"`dotnet run -c Release --project perf/SvdSurgeon.Compare -- {string.Join(' ', args)}`");
        var config = comparison.Checkpoint.Config;
        section.Say(
            $"Model: {(comparison.Settings.Model is { } path ? Path.GetFileName(path) : "random")}, {config.Layers} layers, hidden size "
                + $"{config.HiddenSize}, {config.VocabSize:N0} words; sequences of {comparison.Calibration.Length} tokens; "
                + $"{comparison.Settings.Threads} {(comparison.Settings.Threads == 1 ? "thread" : "threads")}."
        );
        section.Say("Both sides alternate; medians, and every repeat. " + MeasuredProcess.How);
        return section;
    }
}
