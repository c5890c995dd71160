using System.Globalization;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Shares;

namespace SvdSurgeon.Pipeline.Running;

/// <summary>
/// Some numbers a sequence, such as losses: batches of sequences are shared with other processes, and one part of an artifact gets what is
/// made of all numbers in the order of the sequences.
/// </summary>
internal static class SharedNumbers
{
    private const string Tensor = "numbers";

    /// <summary>Sees that the part is there.</summary>
    /// <param name="context">The run.</param>
    /// <param name="artifact">What the part belongs to.</param>
    /// <param name="part">Its name.</param>
    /// <param name="batches">First sequence and number of sequences.</param>
    /// <param name="make">The numbers of a batch; none where they are not finite, and then none of all.</param>
    /// <param name="finish">The part from all numbers.</param>
    public static void Run(
        PipelineContext context,
        Artifact artifact,
        string part,
        IReadOnlyList<(int First, int Count)> batches,
        Func<int, int, double[]> make,
        Func<double[], TensorEntry> finish
    )
    {
        if (!context.Sharing.WithOthers)
        {
            artifact.Write(part, [finish(Join([.. batches.Select(batch => make(batch.First, batch.Count))]))]);
            return;
        }
        string whole = artifact.Part(part);
        string[] files = [.. batches.Select(batch => Name(part, batch.First))];
        context.Sharing.Run([
            .. batches.Select(
                (batch, i) =>
                    Piece.Of(
                        artifact.Part(files[i]),
                        () => artifact.Write(files[i], [TensorEntry.FromDoubles(Tensor, make(batch.First, batch.Count))])
                    ) with
                    {
                        IsDone = () => File.Exists(whole) || artifact.Lists(files[i]),
                    }
            ),
        ]);
        context.Sharing.Run([
            Piece.Of(
                whole,
                () =>
                {
                    artifact.Write(part, [finish(Join([.. files.Select(file => Read(artifact, file))]))]);
                    foreach (string file in files)
                        File.Delete(artifact.Part(file));
                }
            ),
        ]);
    }

    private static double[] Join(double[][] numbers) =>
        numbers.Any(batch => batch.Length == 0) ? [] : [.. numbers.SelectMany(batch => batch)];

    private static string Name(string part, int first) =>
        string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileNameWithoutExtension(part)}.{first:D6}{Path.GetExtension(part)}");

    private static double[] Read(Artifact artifact, string part)
    {
        using var file = SafeTensorsFile.Open(artifact.Part(part));
        return file[Tensor].Doubles().ToArray();
    }
}
