using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Shares;

namespace SvdSurgeon.Pipeline.Running;

/// <summary>
/// Stages that work on one layer after the other, each from files to a file. Layers of small modules go side by side on one thread each:
/// nothing of a layer waits then, reading, converting and writing included.
/// </summary>
internal static class LayersSideBySide
{
    /// <summary>Weights above which a module has all threads and the memory to itself.</summary>
    public const long ModuleAlone = 4 << 20;

    /// <summary>Calls <paramref name="body"/> for every layer.</summary>
    /// <param name="context">The run.</param>
    /// <param name="stage">Name for progress.</param>
    /// <param name="layers">Which layers.</param>
    /// <param name="body">Independent of other layers; called on several threads, or on one, from which it has all of them.</param>
    /// <param name="artifact">Gets a part a layer, by which the layers are shared with other processes; null where each process has all of
    /// them.</param>
    public static void Run(
        PipelineContext context,
        string stage,
        IReadOnlyList<DecoderLayer> layers,
        Action<DecoderLayer> body,
        Artifact? artifact = null
    )
    {
        var oneReport = new Lock();
        int begun = 0;
        void Layer(int i)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            lock (oneReport)
                context.Progress.Report(
                    new StageProgress(stage, $"layer {layers[i].Index + 1}/{context.Model.Layers.Count}", begun++, layers.Count)
                );
            body(layers[i]);
        }
        var la = context.Backend.LinearAlgebra;
        bool small = AreSmall(context, layers);
        List<Piece> pieces =
        [
            .. layers.Select((layer, i) => Piece.Of(artifact?.Part(ArtifactParts.Layer(layer.Index)) ?? $"{stage}/{i}", () => Layer(i))),
        ];
        var sharing = artifact is null ? new Alone() : context.Sharing;
        sharing.Run(pieces, small ? la.ItemsAtOnce : 1, small ? together => la.ForEach(together.Count, i => together[i].Make()) : null);
        context.Progress.Report(new StageProgress(stage, "", 1, 1));
    }

    private static bool AreSmall(PipelineContext context, IReadOnlyList<DecoderLayer> layers) =>
        layers.All(layer => layer.Linears.All(module => Weights(module) <= ModuleAlone))
        && layers.Select(Bytes).DefaultIfEmpty().Max() * Math.Min(layers.Count, context.Backend.LinearAlgebra.ItemsAtOnce)
            <= context.Memory / 4;

    // What is alive of a layer at once: the Gram matrices and factors of its groups, the copies of one module at work, and what was made of
    // the others.
    private static long Bytes(DecoderLayer layer) =>
        sizeof(double)
        * (
            2 * layer.Groups.Sum(group => (long)group.InFeatures * group.InFeatures)
            + 6 * layer.Linears.Max(Weights)
            + layer.Linears.Sum(Weights)
        );

    private static long Weights(LinearModule module) => (long)module.OutFeatures * module.InFeatures;
}
