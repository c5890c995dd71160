using System.Runtime.InteropServices;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compare.Machine;
using SvdSurgeon.Compare.Processes;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Performance;

namespace SvdSurgeon.Compare;

/// <summary>What both sides are given: the model, the token files, the peer, and a folder for what comes and goes.</summary>
internal sealed class Comparison : IDisposable
{
    // Evaluation windows where the calibration's length does not say.
    private const int WindowLength = 512;

    private readonly string _scratch = Directory.CreateTempSubdirectory("svdsurgeon-compare-").FullName;

    private readonly PosixSignalRegistration[] _signals;

    public Comparison(Settings settings, MachineDescription machine, Peer peer)
    {
        (Settings, Machine, Peer) = (settings, machine, peer);
        _signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt),
        ];
        if (settings.Model is null)
        {
            Model = NewFolder();
            RandomModel.Write(
                Model,
                settings.Quick ? new RandomShape(2000, 256, 768, 4, 4, 64, 128) : new RandomShape(8000, 512, 1536, 8, 8, 64, 512)
            );
        }
        else
            Model = settings.Model;
        CalibrationTokens = settings.CalibrationTokens ?? Path.Combine(Model, RandomModel.TokensName);
        Checkpoint = Checkpoint.Open(Model);
        var file = TokenFile.Read(CalibrationTokens, Checkpoint.Config.VocabSize);
        if (file.IsFlat)
            throw new InvalidInputException($"{CalibrationTokens}: calibration token ids are [sequences, length], these are one text.");
        Calibration = new TokenSet(file.Tokens.ToArray(), file.Rows, file.Columns);
        Calibration.Validate(Checkpoint.Config.VocabSize, Checkpoint.Config.MaxPositions, CalibrationTokens);
        if (Calibration.Sequences < Math.Max(settings.Sequences, settings.SpeedSequences))
            throw new InvalidInputException(
                $"{CalibrationTokens} has {Calibration.Sequences} sequences; --sequences {settings.Sequences} and --speed-sequences "
                    + $"{settings.SpeedSequences} need more."
            );
        Windows = EvaluationData.Open(
            Checkpoint,
            [],
            settings.EvaluationTokens ?? CalibrationTokens,
            Math.Min(WindowLength, Calibration.Length),
            settings.SpeedSequences
        );
    }

    public Settings Settings { get; }

    public MachineDescription Machine { get; }

    public Peer Peer { get; }

    /// <summary>Path of the dense model.</summary>
    public string Model { get; }

    /// <summary>The dense model, opened.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>Path of the calibration token ids.</summary>
    public string CalibrationTokens { get; }

    /// <summary>All calibration sequences.</summary>
    public TokenSet Calibration { get; }

    /// <summary>The evaluation windows.</summary>
    public TokenWindows Windows { get; }

    /// <summary>A backend with as many threads as both sides have.</summary>
    public CpuBackend OpenBackend() => new(Settings.Threads);

    /// <summary>An empty folder, deleted at the end or with <see cref="Directory.Delete(string, bool)"/> before.</summary>
    public string NewFolder() => Directory.CreateDirectory(Path.Combine(_scratch, Guid.NewGuid().ToString("N")[..8])).FullName;

    /// <summary>The program under test.</summary>
    public string Svdsurgeon => Settings.Svdsurgeon ?? Repository.BuiltProgram;

    /// <summary>Runs svdsurgeon; a .dll by dotnet.</summary>
    public ProcessCost RunSvdsurgeon(params string[] arguments) =>
        Svdsurgeon.EndsWith(".dll", StringComparison.OrdinalIgnoreCase)
            ? MeasuredProcess.Run("dotnet", [Svdsurgeon, .. arguments])
            : MeasuredProcess.Run(Svdsurgeon, arguments);

    /// <summary>Calls <paramref name="repeat"/> with 1, 2, … and says so on standard error.</summary>
    public void Repeat(string what, Action<int> repeat) => Repeat(what, Settings.Repeats, repeat);

    /// <inheritdoc cref="Repeat(string, Action{int})"/>
    public static void Repeat(string what, int repeats, Action<int> repeat)
    {
        for (int i = 1; i <= repeats; i++)
        {
            Console.Error.WriteLine($"{DateTime.Now:HH:mm:ss} {what}, {i} of {repeats}");
            repeat(i);
        }
    }

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        Checkpoint.Dispose();
        DeleteScratch();
    }

    // Leaves no models behind; the report so far is on the disk.
    private void Interrupt(PosixSignalContext signal)
    {
        DeleteScratch();
        Environment.Exit(130);
    }

    private void DeleteScratch()
    {
        // The threads of an interrupted run go on writing.
        for (int attempt = 0; attempt < 20 && Directory.Exists(_scratch); attempt++)
            try
            {
                Directory.Delete(_scratch, recursive: true);
            }
            catch (IOException)
            {
                Thread.Sleep(50);
            }
    }
}
