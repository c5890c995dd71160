using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Calibration;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Results;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>
/// The small OPT model that ships with the program, its calibration and evaluation ids, and a folder for one test's results.
/// </summary>
/// <param name="backend">Where to compute, disposed with this; null for one core, as other fixtures run on the others.</param>
internal sealed class TinyTales(CpuBackend? backend = null) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("svdsurgeon-test-").FullName;
    private readonly CpuBackend _backend = backend ?? new CpuBackend(1);

    public static string Path => System.IO.Path.Combine(TestContext.CurrentContext.TestDirectory, "Assets", "tinytales-opt");
    public string Folder => _folder;
    public Checkpoint Model { get; } = Checkpoint.Open(Path);
    public List<StageProgress> Progress { get; } = [];

    public static TokenSet Calibration(int sequences)
    {
        var file = TokenFile.Read(GoldenFiles.Copied("peer", "tinytales-opt.calibration.256x128.npy"));
        return new TokenSet(file.Tokens[..(sequences * file.Columns)].ToArray(), sequences, file.Columns);
    }

    public static TokenWindows Evaluation(int windows) =>
        TokenWindows.FromText(TokenFile.Read(GoldenFiles.Copied("peer", "tinytales-opt.evaluation.npy")).Tokens.Span, 256, windows);

    /// <summary>Compresses in a folder that all calls share, so that statistics are shared too.</summary>
    public CompressionResult Compress(
        CompressionOptions options,
        int sequences = 128,
        int windows = 0,
        string name = "out",
        CompressionTarget? target = null
    )
    {
        var job = new CompressionJob
        {
            Model = Model,
            Options = options,
            Calibration = Calibration(sequences),
            Evaluation = () => Evaluation(windows),
            Target = target,
            OutputFolder = System.IO.Path.Combine(_folder, name),
            WorkFolder = System.IO.Path.Combine(_folder, "work"),
        };
        return Compressor.Run(job, _backend, new Sink(Progress));
    }

    /// <summary>Collects statistics into a folder of this name.</summary>
    /// <param name="options">What a compression would be asked for.</param>
    /// <param name="sequences">Calibration sequences.</param>
    /// <param name="name">The work folder.</param>
    /// <param name="memory">Bytes it may take.</param>
    /// <param name="report">Sees the progress.</param>
    /// <param name="expectStop">The report ends the run by an <see cref="IOException"/>.</param>
    /// <param name="cancellation">Stops the run.</param>
    public StatisticsResult Collect(
        CompressionOptions options,
        int sequences,
        string name,
        long? memory = null,
        Action<StageProgress>? report = null,
        bool expectStop = false,
        CancellationToken cancellation = default
    )
    {
        var job = new StatisticsJob
        {
            Model = Model,
            Options = options,
            Calibration = Calibration(sequences),
            WorkFolder = System.IO.Path.Combine(_folder, name),
            Memory = memory,
        };
        try
        {
            return StatisticsCollector.Run(job, _backend, report is null ? null : new Reports(report), cancellation);
        }
        catch (IOException) when (expectStop)
        {
            return new StatisticsResult([], [], null, []);
        }
    }

    public void Dispose()
    {
        Model.Dispose();
        _backend.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private sealed class Reports(Action<StageProgress> report) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => report(value);
    }

    private sealed class Sink(List<StageProgress> reports) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => reports.Add(value);
    }
}
