using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Shares;

/// <summary>The folder by which workers know of each other: the job, their states, their claims. It holds no result.</summary>
/// <param name="path">Where all hosts see it.</param>
internal sealed class SharedFolder(string path)
{
    /// <summary>Its usual name in a work folder.</summary>
    public const string Name = "cluster";
    private const string FailureFile = "failure.json";

    /// <summary>Where it is.</summary>
    public string Path { get; } = path;

    /// <summary>The workers' files.</summary>
    public string Members => System.IO.Path.Combine(Path, "members");

    /// <summary>The claims of one start.</summary>
    public string Claims(string epoch) => System.IO.Path.Combine(Path, "claims-" + epoch);

    /// <summary>Makes it ready for a start; what an earlier one left of its workers and claims goes.</summary>
    public void Begin(SharedJob job)
    {
        Directory.CreateDirectory(Path);
        SharedJob.Delete(Path);
        foreach (string folder in Directory.GetDirectories(Path, "claims-*").Append(Members).Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(Members);
        Directory.CreateDirectory(Claims(job.Epoch));
        job.Write(Path);
    }

    /// <summary>The workers that have said something.</summary>
    public IReadOnlyList<MemberState> States() =>
        [
            .. Directory
                .EnumerateFiles(Members, "*.json")
                .Order(StringComparer.Ordinal)
                .Select(file => MemberState.Read(Members, int.Parse(System.IO.Path.GetFileNameWithoutExtension(file))))
                .OfType<MemberState>(),
        ];

    /// <summary>Tells all what every one of them would come to.</summary>
    public void WriteFailure(string epoch, MemberState by, Exception error) =>
        AtomicFile.WriteAllText(
            System.IO.Path.Combine(Claims(epoch), FailureFile),
            JsonText.Indented(
                new JsonObject
                {
                    ["kind"] = error.GetType().Name,
                    ["message"] = error.Message,
                    ["rank"] = by.Rank,
                    ["host"] = by.Host,
                }
            )
        );

    /// <summary>What was told so; null for nothing.</summary>
    public SharedFailure? Failure(string epoch)
    {
        string file = System.IO.Path.Combine(Claims(epoch), FailureFile);
        if (!File.Exists(file))
            return null;
        var json = JsonFile.ReadObject(file);
        return new SharedFailure((string)json["kind"]!, (string)json["message"]!);
    }
}
