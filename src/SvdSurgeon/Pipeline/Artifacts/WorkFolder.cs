using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Shares;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>
/// Keeps what is expensive to compute (Gram matrices, factors, spectral gradients) as artifacts: folders named STAGE-KEY, the key a hash of
/// everything that went into them. A part of an artifact is a file that appears whole or not at all, so a killed run goes on where it was.
/// </summary>
/// <param name="path">The folder; one run at a time works in it (<see cref="Claim"/>).</param>
/// <param name="given">Statistics that must be used where they are for the same stage; null for none.</param>
/// <param name="option">The option that names the folder, for messages.</param>
internal sealed class WorkFolder(string path, GivenStatistics? given = null, string option = "--work")
{
    /// <summary>Version of the artifacts' format; part of every key.</summary>
    public const int FormatVersion = 2;
    private const string LockFile = ".lock";

    private readonly Dictionary<string, Artifact> _opened = new(StringComparer.Ordinal);
    private readonly HashSet<string> _made = new(StringComparer.Ordinal);
    private readonly List<HashSet<string>> _watching = [];
    private bool _shared;

    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>Gets a sentence for every artifact that is damaged and made again.</summary>
    internal Action<string> Warn { get; set; } = _ => { };

    /// <summary>Refuses at once, before anything is read, what <see cref="Claim"/> would refuse.</summary>
    /// <exception cref="InvalidInputException">Another run works in the folder.</exception>
    internal void EnsureFree(Shard? shard = null)
    {
        if (shard is null && !Sharing.WithOthers)
            FolderLock.EnsureFree(Path, LockFile, option);
    }

    /// <summary>
    /// Keeps other runs out of the folder until it is disposed; the shards of one statistic keep out all but each other, and each its like.
    /// </summary>
    /// <exception cref="InvalidInputException">Another run works in the folder, or nothing can be written there.</exception>
    internal IDisposable? Claim(Shard? shard = null)
    {
        if (Sharing.WithOthers)
            return null; // who started the workers has claimed it
        if (File.Exists(Path))
            throw new InvalidInputException($"{option} {Path}: there is a file of this name. Choose another folder.");
        FolderLock.CreateFolder(Path, option);
        if (shard is null)
            return FolderLock.Take(Path, LockFile, option, []);
        _shared = true;
        var folder = FolderLock.Share(Path, LockFile, option);
        try
        {
            return folder.With(FolderLock.Take(Path, $"{LockFile}.{shard.Index}-of-{shard.Count}", option, []));
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>The artifact of <paramref name="stage"/> that <paramref name="inputs"/> determine; created empty when it is new.</summary>
    /// <param name="stage">Stage name.</param>
    /// <param name="inputs">Everything that the artifact depends on; kept beside it in artifact.json.</param>
    /// <exception cref="InvalidInputException">Given statistics of this stage do not match.</exception>
    public Artifact Open(string stage, JsonObject inputs) => Open(stage, inputs, given: false);

    /// <inheritdoc cref="Open(string, JsonObject)"/>
    /// <param name="stage">Stage name.</param>
    /// <param name="inputs">Everything that the artifact depends on.</param>
    /// <param name="given">Statistics that were given are used or refused.</param>
    internal Artifact Open(string stage, JsonObject inputs, bool given)
    {
        if (given && Given?.Find(stage, inputs) is { } found)
            return found;
        var (key, text) = Describe(stage, inputs);
        string folder = System.IO.Path.Combine(Path, $"{stage}-{key}");
        foreach (var opened in _watching)
            opened.Add(folder);
        if (Sharing.Before is { } before ? !before.Contains(System.IO.Path.GetFileName(folder)) : !Directory.Exists(folder))
            _made.Add(folder);
        Directory.CreateDirectory(folder);
        Sharing.Use(System.IO.Path.GetFileName(folder));
        if (!_opened.TryGetValue(folder, out var artifact))
            _opened[folder] = artifact = new Artifact(folder, key, sentence => Warn(sentence));
        bool alone = !_shared && !Sharing.WithOthers;
        if (alone)
            artifact.RemoveUnfinished();
        // A kill can come between a pass's last part and the end of its progress.
        if (alone && artifact.Lists(PassProgress.Part) && ArtifactParts.Expected(stage, inputs).All(artifact.Lists))
            File.Delete(artifact.Part(PassProgress.Part));
        // Shards that begin at the same moment do it one after the other.
        using (_shared ? FolderLock.Await(Path, LockFile + ".describe", option) : null)
            artifact.Describe(text);
        return artifact;
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

    /// <summary>Deletes an artifact that has served: everything that was made from it is there.</summary>
    internal void Delete(string folder)
    {
        // Others may not have come so far; who started all of them deletes it.
        if (Sharing.WithOthers)
        {
            Sharing.Discard(System.IO.Path.GetFileName(folder));
            return;
        }
        _made.Remove(folder);
        _opened.Remove(folder);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    /// <summary>Deletes an artifact if this run made it; one that was there before belongs to another run.</summary>
    internal void Discard(string folder)
    {
        if (_made.Contains(folder))
            Delete(folder);
    }

    internal GivenStatistics? Given { get; } = given;

    /// <summary>Who works in the folder.</summary>
    internal IWorkSharing Sharing { get; init; } = new Alone();

    /// <summary>The key of an artifact and the text of its artifact.json.</summary>
    internal static (string Key, string Text) Describe(string stage, JsonObject inputs)
    {
        string text = JsonText.Indented(
            new JsonObject
            {
                ["format_version"] = FormatVersion,
                ["stage"] = stage,
                ["inputs"] = inputs.DeepClone(),
            }
        );
        return (Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16], text);
    }
}
