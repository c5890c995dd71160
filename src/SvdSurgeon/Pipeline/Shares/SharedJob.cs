using System.Text.Json.Nodes;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Pipeline.Shares;

/// <summary>What all workers do, as who starts them leaves it in the shared folder: job.json.</summary>
internal sealed record SharedJob
{
    private const string FileName = "job.json";

    /// <summary>Names this start of the workers; those of an earlier one find another name here and stop.</summary>
    public required string Epoch { get; init; }

    /// <summary>The command line.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Where it was given: relative paths start there.</summary>
    public required string Directory { get; init; }

    /// <summary>SHA-256 of the model.</summary>
    public required string ModelHash { get; init; }

    /// <summary>What computes: bytes are the same only on processors of one instruction set, or on GPUs of one kind.</summary>
    public required string Device { get; init; }

    /// <summary>Seconds without a sign of life after which a worker's pieces are taken by others.</summary>
    public required int LeaseSeconds { get; init; }

    /// <summary>Artifacts that were there before the first start.</summary>
    public required IReadOnlyList<string> Before { get; init; }

    /// <summary>The program.</summary>
    public string Program { get; init; } = ThisProgram;

    /// <summary>Version and build of this program: another build may compute other bytes.</summary>
    public static string ThisProgram => $"{Recipe.ProgramVersion} ({typeof(SharedJob).Module.ModuleVersionId:N})";

    /// <summary>Leaves the job in a folder.</summary>
    public void Write(string folder) =>
        AtomicFile.WriteAllText(
            Path.Combine(folder, FileName),
            JsonText.Indented(
                new JsonObject
                {
                    ["epoch"] = Epoch,
                    ["program"] = Program,
                    ["model_hash"] = ModelHash,
                    ["device"] = Device,
                    ["directory"] = Directory,
                    ["arguments"] = new JsonArray([.. Arguments.Select(argument => (JsonNode)argument)]),
                    ["lease_seconds"] = LeaseSeconds,
                    ["before"] = new JsonArray([.. Before.Select(name => (JsonNode)name)]),
                }
            )
        );

    /// <summary>The job of a folder; null where there is none.</summary>
    /// <exception cref="InvalidInputException">The file is damaged.</exception>
    public static SharedJob? Read(string folder)
    {
        string file = Path.Combine(folder, FileName);
        if (!File.Exists(file))
            return null;
        var json = JsonFile.ReadObject(file);
        try
        {
            return new SharedJob
            {
                Epoch = (string)json["epoch"]!,
                Program = (string)json["program"]!,
                ModelHash = (string)json["model_hash"]!,
                Device = (string)json["device"]!,
                Directory = (string)json["directory"]!,
                Arguments = Texts(json["arguments"]!),
                LeaseSeconds = (int)json["lease_seconds"]!,
                Before = Texts(json["before"]!),
            };
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException($"{file}: this is no job of this program. Start the run again with the same command.", e);
        }
    }

    /// <summary>Takes the job away: workers that still live stop.</summary>
    public static void Delete(string folder) => File.Delete(Path.Combine(folder, FileName));

    private static IReadOnlyList<string> Texts(JsonNode array) => [.. array.AsArray().Select(text => (string)text!)];
}
