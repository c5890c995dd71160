using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>One artifact: a folder of parts.</summary>
/// <param name="Folder">Where the parts are.</param>
/// <param name="Key">First 16 hexadecimal digits of the hash of its inputs.</param>
public sealed record Artifact(string Folder, string Key)
{
    /// <summary>The file that says what the artifact was made from.</summary>
    public const string Description = "artifact.json";

    /// <summary>Path of a part.</summary>
    public string Part(string name) => Path.Combine(Folder, name);

    /// <summary>Whether the part has been written, whole.</summary>
    public bool Has(string name) => File.Exists(Part(name));

    // A kill leaves files under their temporary names.
    internal void RemoveUnfinished()
    {
        foreach (string file in Directory.EnumerateFiles(Folder, "*" + AtomicFile.TemporarySuffix))
            File.Delete(file);
    }
}
