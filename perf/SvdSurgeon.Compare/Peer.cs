using System.Text.Json.Nodes;
using SvdSurgeon.Compare.Processes;

namespace SvdSurgeon.Compare;

/// <summary>The published computation in PyTorch, where there is one.</summary>
internal sealed class Peer
{
    private readonly string? _reference;
    private readonly string _python;
    private readonly IReadOnlyDictionary<string, string> _environment;

    private Peer(string? reference, string python, IReadOnlyDictionary<string, string> environment, string description)
    {
        (_reference, _python, _environment, Description) = (reference, python, environment, description);
    }

    /// <summary>Versions and environment, or why there is no peer.</summary>
    public string Description { get; }

    /// <summary>Whether the peer can be measured.</summary>
    public bool IsThere => _reference is not null;

    /// <summary>Looks for the interpreter and its packages.</summary>
    /// <exception cref="InvalidInputException">The given reference.py is not there.</exception>
    public static Peer Find(Settings settings)
    {
        Peer None(string why) => new(null, settings.Python, settings.PeerEnvironment, $"not measured: {why}");
        if (settings.Peer is null)
            return None("no --peer was given.");
        if (!File.Exists(settings.Peer))
            throw new InvalidInputException($"--peer {settings.Peer}: there is no such file.");
        try
        {
            var versions = StageTimes
                .Lines(MeasuredProcess.Run(settings.Python, [TorchSpeed, "versions"], settings.PeerEnvironment).Output)
                .Single();
            string libraries = string.Join(", ", versions["blas"]!.AsArray().Select(name => (string?)name));
            string variables =
                settings.PeerEnvironment.Count == 0
                    ? ""
                    : $", with {string.Join(' ', settings.PeerEnvironment.Select(v => $"{v.Key}={v.Value}"))}";
            return new Peer(
                settings.Peer,
                settings.Python,
                settings.PeerEnvironment,
                $"{Path.GetFileName(settings.Peer)}, Python {versions["python"]}, torch {versions["torch"]}, numpy {versions["numpy"]}, "
                    + $"{libraries} (kernels: {versions["core"]}){variables}"
            );
        }
        catch (InvalidInputException error)
        {
            return None(error.Message);
        }
    }

    /// <summary>Runs reference.py.</summary>
    public ProcessCost Reference(params IEnumerable<string> arguments) =>
        MeasuredProcess.Run(_python, [_reference!, .. arguments], _environment);

    /// <summary>Times a gradient pass with torch_speed.py.</summary>
    /// <returns>Its lines: what, tokens, seconds.</returns>
    public IReadOnlyList<JsonObject> Gradients(string model, string ids, int sequences, int threads) =>
        [
            .. StageTimes.Lines(
                MeasuredProcess
                    .Run(
                        _python,
                        [TorchSpeed, "gradients", _reference!, model, ids, "--sequences", $"{sequences}", "--threads", $"{threads}"],
                        _environment
                    )
                    .Output
            ),
        ];

    private static string TorchSpeed => Path.Combine(AppContext.BaseDirectory, "torch_speed.py");
}
