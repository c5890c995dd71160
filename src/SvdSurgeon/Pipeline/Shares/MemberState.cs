using System.Globalization;
using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Shares;

/// <summary>What a worker says of itself, again and again, in a file of its own.</summary>
/// <param name="Rank">Which one, from 0.</param>
/// <param name="Size">How many were started.</param>
/// <param name="Host">Where it runs.</param>
/// <param name="Process">Its process id there.</param>
/// <param name="Id">Names this start of this worker.</param>
internal sealed record MemberState(int Rank, int Size, string Host, int Process, string Id)
{
    /// <summary>Counts up as long as it lives.</summary>
    public long Beat { get; init; }

    /// <summary>Whether it works, has come to the end, or has given up.</summary>
    public MemberPhase Phase { get; init; }

    /// <summary>Why it gave up.</summary>
    public string? Error { get; init; }

    /// <summary>Where it stands.</summary>
    public string Stage { get; init; } = "";

    /// <summary>Pieces that it has made.</summary>
    public int Pieces { get; init; }

    /// <summary>Seconds in which it made pieces.</summary>
    public double Computing { get; init; }

    /// <summary>Seconds in which it waited for others.</summary>
    public double Waiting { get; init; }

    /// <summary>Seconds since it began.</summary>
    public double Seconds { get; init; }

    /// <summary>Artifacts that have served, once it has finished.</summary>
    public IReadOnlyList<string> Discarded { get; init; } = [];

    /// <summary>The file of a rank.</summary>
    public static string File(string folder, int rank) => Path.Combine(folder, rank.ToString("D4", CultureInfo.InvariantCulture) + ".json");

    /// <summary>Writes it.</summary>
    public void Write(string folder) =>
        AtomicFile.WriteAllText(
            File(folder, Rank),
            JsonText.Indented(
                new JsonObject
                {
                    ["rank"] = Rank,
                    ["size"] = Size,
                    ["host"] = Host,
                    ["process"] = Process,
                    ["id"] = Id,
                    ["beat"] = Beat,
                    ["phase"] = Phase.ToString(),
                    ["error"] = Error,
                    ["stage"] = Stage,
                    ["pieces"] = Pieces,
                    ["computing"] = Computing,
                    ["waiting"] = Waiting,
                    ["seconds"] = Seconds,
                    ["discarded"] = new JsonArray([.. Discarded.Select(name => (JsonNode)name)]),
                }
            )
        );

    /// <summary>What a rank has said last; null where it said nothing, or where the file cannot be read just now.</summary>
    public static MemberState? Read(string folder, int rank)
    {
        try
        {
            var json = JsonFile.ReadObject(File(folder, rank));
            return new MemberState(
                (int)json["rank"]!,
                (int)json["size"]!,
                (string)json["host"]!,
                (int)json["process"]!,
                (string)json["id"]!
            )
            {
                Beat = (long)json["beat"]!,
                Phase = Enum.Parse<MemberPhase>((string)json["phase"]!),
                Error = (string?)json["error"],
                Stage = (string)json["stage"]!,
                Pieces = (int)json["pieces"]!,
                Computing = (double)json["computing"]!,
                Waiting = (double)json["waiting"]!,
                Seconds = (double)json["seconds"]!,
                Discarded = [.. json["discarded"]!.AsArray().Select(name => (string)name!)],
            };
        }
        catch (Exception e)
            when (e is IOException or InvalidModelException or ArgumentException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
