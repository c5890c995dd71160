using SvdSurgeon.Formats;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>One artifact: a folder of parts.</summary>
internal sealed class Artifact
{
    /// <summary>The file that says what the artifact was made from.</summary>
    public const string Description = "artifact.json";

    private readonly Lock _lock = new();
    private readonly HashSet<string> _whole = new(StringComparer.Ordinal);
    private readonly Action<string>? _warn;
    private bool _warned;

    /// <param name="folder">Where the parts are.</param>
    /// <param name="key">First 16 hexadecimal digits of the hash of its inputs.</param>
    public Artifact(string folder, string key)
        : this(folder, key, null) { }

    /// <inheritdoc cref="Artifact(string, string)"/>
    /// <param name="folder">Where the parts are.</param>
    /// <param name="key">First 16 hexadecimal digits of the hash of its inputs.</param>
    /// <param name="warn">Where damaged parts may be made again: gets the sentence that says so. Null: they are an error.</param>
    internal Artifact(string folder, string key, Action<string>? warn) => (Folder, Key, _warn) = (folder, key, warn);

    /// <summary>Where the parts are.</summary>
    public string Folder { get; }

    /// <summary>First 16 hexadecimal digits of the hash of its inputs.</summary>
    public string Key { get; }

    /// <summary>Path of a part.</summary>
    public string Part(string name) => Path.Combine(Folder, name);

    /// <summary>Whether there is a file of the part, whole or damaged.</summary>
    public bool Lists(string name) => File.Exists(Part(name));

    /// <summary>Whether the part has been written, and is as it was written: its checksum is compared once.</summary>
    /// <exception cref="InvalidModelException">It is damaged, and the folder was given: nothing is made again there.</exception>
    public bool Has(string name)
    {
        lock (_lock)
        {
            if (!Lists(name))
                return _whole.Remove(name) && false;
            if (_whole.Contains(name))
                return true;
            if (SealedPart.Problem(Part(name)) is not { } problem)
                return _whole.Add(name);
            if (_warn is null)
                throw new InvalidModelException(
                    $"{Part(name)}: the file is damaged or of an earlier version ({problem}). Collect the statistics again."
                );
            Repair(name, problem);
            return false;
        }
    }

    /// <summary>Writes a part with its checksum.</summary>
    /// <exception cref="IOException">The disk is full or cannot be written; nothing is left behind.</exception>
    internal void Write(string name, IEnumerable<TensorEntry> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        SealedPart.Write(Part(name), tensors, metadata);
        lock (_lock)
            _whole.Add(name);
    }

    /// <summary>Writes artifact.json, where it is not there as it should be.</summary>
    internal void Describe(string text)
    {
        string file = Part(Description);
        if (File.Exists(file))
        {
            if (File.ReadAllText(file) == text)
                return;
            Warn($"{file} is damaged");
        }
        AtomicFile.WriteAllText(file, text);
    }

    // A kill leaves files under their temporary names.
    internal void RemoveUnfinished()
    {
        foreach (string file in Directory.EnumerateFiles(Folder, "*" + AtomicFile.TemporarySuffix))
            File.Delete(file);
    }

    private void Repair(string name, string problem)
    {
        Warn($"{Part(name)} is damaged or of an earlier version ({problem})");
        File.Delete(Part(name));
    }

    // One sentence for each artifact, however many of its parts are damaged.
    private void Warn(string what)
    {
        if (!_warned)
            _warn?.Invoke($"{what}. It is made again, and so is whatever else is damaged in that folder.");
        _warned = true;
    }
}
