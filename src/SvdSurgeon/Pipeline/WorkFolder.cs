using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

using SvdSurgeon.Formats;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// Keeps what is expensive to compute (Gram matrices, factors, spectral gradients) as artifacts: folders named STAGE-KEY, the key a hash of
/// everything that went into them. A part of an artifact is a file that appears whole or not at all, so a killed run goes on where it was.
/// </summary>
public sealed class WorkFolder(string path)
{
    private const int FormatVersion = 1;

    private readonly HashSet<string> _made = new(StringComparer.Ordinal);
    private readonly List<HashSet<string>> _watching = [];

    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>The artifact of <paramref name="stage"/> that <paramref name="inputs"/> determine; created empty when it is new.</summary>
    /// <param name="stage">Stage name.</param>
    /// <param name="inputs">Everything that the artifact depends on; kept beside it in artifact.json.</param>
    public Artifact Open(string stage, JsonObject inputs)
    {
        var description = new JsonObject { ["format_version"] = FormatVersion, ["stage"] = stage, ["inputs"] = inputs.DeepClone() };
        string text = JsonText.Indented(description);
        string key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
        string folder = System.IO.Path.Combine(Path, $"{stage}-{key}");
        foreach (var opened in _watching) opened.Add(folder);
        if (!Directory.Exists(folder)) _made.Add(folder);
        Directory.CreateDirectory(folder);
        string about = System.IO.Path.Combine(folder, Artifact.Description);
        if (!File.Exists(about)) AtomicFile.WriteAllText(about, text);
        return new Artifact(folder, key);
    }

    /// <summary>Runs a part of the work and says which artifacts' folders it asked for.</summary>
    internal T Watch<T>(ISet<string> opened, Func<T> run)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        _watching.Add(seen);
        try
        {
            return run();
        }
        finally
        {
            _watching.Remove(seen);
            opened.UnionWith(seen);
        }
    }

    /// <summary>Deletes an artifact if this run made it; one that was there before belongs to another run.</summary>
    internal void Discard(string folder)
    {
        if (_made.Remove(folder) && Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}

/// <summary>One artifact: a folder of parts.</summary>
/// <param name="Folder">Where the parts are.</param>
/// <param name="Key">First 16 hexadecimal digits of the hash of its inputs.</param>
public sealed record Artifact(string Folder, string Key)
{
    /// <summary>The file that says what the artifact was made from.</summary>
    public const string Description = "artifact.json";

    /// <summary>Path of a part.</summary>
    public string Part(string name) => System.IO.Path.Combine(Folder, name);

    /// <summary>Whether the part has been written, whole.</summary>
    public bool Has(string name) => File.Exists(Part(name));
}
