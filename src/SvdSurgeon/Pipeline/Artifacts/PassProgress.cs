using System.Diagnostics;
using System.Globalization;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>
/// The sums of a pass over the blocks so far, in a file beside the artifact's parts: where a killed run goes on. It is written after a
/// block, as often as that takes a twentieth of the time at most.
/// </summary>
/// <param name="artifact">The artifact.</param>
/// <param name="statistics">Keys of what is summed together; sums of another set are of no use.</param>
internal sealed class PassProgress(Artifact artifact, string statistics)
{
    /// <summary>Name of the file.</summary>
    public const string Part = "progress.safetensors";
    private const int CostShare = 20;

    private long _last = Stopwatch.GetTimestamp();
    private TimeSpan _cost;

    /// <summary>
    /// The layers that a killed pass was for and the number of its finished blocks; null and 0 where there is none that fits.
    /// </summary>
    /// <param name="all">The model's layers.</param>
    /// <param name="missing">Those whose parts are missing; where a kill came while parts were written, some of the pass's layers are not
    /// among them.</param>
    public (List<DecoderLayer>? Layers, int Blocks) Find(IReadOnlyList<DecoderLayer> all, List<DecoderLayer> missing)
    {
        if (!artifact.Has(Part))
            return (null, 0);
        using var file = SafeTensorsFile.Open(artifact.Part(Part));
        if (file.Metadata["statistics"] != statistics)
            return (null, 0);
        var indices = file.Metadata["layers"].Split(' ').Select(i => int.Parse(i, CultureInfo.InvariantCulture)).ToHashSet();
        var layers = all.Where(layer => indices.Contains(layer.Index)).ToList();
        return !layers.Any(missing.Contains) ? (null, 0) : (layers, int.Parse(file.Metadata["blocks"], CultureInfo.InvariantCulture));
    }

    /// <summary>Reads the sums, one table a statistic and layer.</summary>
    public void Load(List<List<Sums>> totals)
    {
        using var file = SafeTensorsFile.Open(artifact.Part(Part));
        foreach (var (name, tensor) in file.Tensors)
        {
            string[] at = name.Split('/', 3);
            Sums.Add(
                tensor.Doubles(),
                totals[int.Parse(at[0], CultureInfo.InvariantCulture)]
                    [int.Parse(at[1], CultureInfo.InvariantCulture)]
                    .Of(at[2], tensor.Count)
            );
        }
    }

    /// <summary>Writes the sums, unless that was done a short while ago.</summary>
    public void Save(List<DecoderLayer> layers, int blocks, List<List<Sums>> totals)
    {
        if (Stopwatch.GetElapsedTime(_last) < CostShare * _cost)
            return;
        long start = Stopwatch.GetTimestamp();
        artifact.Write(
            Part,
            totals.SelectMany((tables, s) => tables.SelectMany((sums, i) => sums.Entries($"{s}/{i}/"))),
            new Dictionary<string, string>
            {
                ["statistics"] = statistics,
                ["layers"] = string.Join(' ', layers.Select(layer => layer.Index.ToString(CultureInfo.InvariantCulture))),
                ["blocks"] = blocks.ToString(CultureInfo.InvariantCulture),
            }
        );
        (_cost, _last) = (Stopwatch.GetElapsedTime(start), Stopwatch.GetTimestamp());
    }

    /// <summary>Removes the file: the parts are written.</summary>
    public void Delete() => File.Delete(artifact.Part(Part));
}
