using SvdSurgeon.Architectures;
using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Formats;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Blocks;

/// <summary>Makes layers and norms of an architecture's layouts and a checkpoint's tensors.</summary>
internal sealed class LayerBuilder(Checkpoint checkpoint)
{
    private readonly Architecture _architecture = ArchitectureRegistry.Of(checkpoint.Config);
    private readonly Dictionary<RotaryLayout, RotaryTables> _rotary = [];

    /// <summary>Layer <paramref name="index"/>, with dense or compressed modules as they are found.</summary>
    /// <exception cref="InvalidModelException">A tensor is missing or has another shape.</exception>
    public DecoderLayer Layer(int index)
    {
        var layout = _architecture.Layer(checkpoint.Config, index);
        return new DecoderLayer(
            index,
            [.. layout.Branches.Select(branch => Branch(branch, index))],
            layout.Parallel,
            checkpoint.Config.HiddenSize
        );
    }

    /// <summary>A norm, or null for none.</summary>
    public INorm? Norm(NormLayout? layout) =>
        layout?.Kind switch
        {
            null => null,
            NormKind.Rms => new RmsNorm(Vector(layout, "weight"), layout.Epsilon),
            NormKind.RmsPlusOne => new RmsNorm(PlusOne(Vector(layout, "weight")), layout.Epsilon),
            NormKind.Layer => new LayerNorm(layout.Width, Vector(layout, "weight"), Vector(layout, "bias"), layout.Epsilon),
            _ => new LayerNorm(layout.Width, null, null, layout.Epsilon),
        };

    private StoredTensor Vector(NormLayout layout, string part) => checkpoint.Require($"{layout.Name}.{part}", layout.Width);

    private static StoredTensor PlusOne(StoredTensor weight) =>
        StoredTensor.FromSingles(weight.Name, [weight.Columns], [.. weight.ToSingles().Select(w => 1 + w)], source: weight.Source);

    private Branch Branch(BranchLayout layout, int index) =>
        new(
            Block(layout.Block, index),
            Norm(layout.Before),
            Norm(layout.After),
            Norm(layout.OnSum),
            layout.Scale,
            checkpoint.Config.HiddenSize
        );

    private IBlock Block(BlockLayout block, int index)
    {
        var (inputs, output) = (Projection(block.Inputs, index), Slot(block.Output));
        return block switch
        {
            AttentionLayout attention => new Attention(
                attention,
                inputs,
                output,
                Norm(attention.QueryNorm),
                Norm(attention.KeyNorm),
                Rotary(attention.Rotary)
            ),
            GatedMlpLayout gated => new GatedMlp(inputs, output, gated.Activation),
            MlpLayout mlp => new Mlp(inputs, output, mlp.Activation),
            _ => throw new InvalidOperationException($"There is no block for {block.GetType().Name}."),
        };
    }

    private Projection Projection(ProjectionLayout layout, int index) =>
        layout.Fused is { } features
            ? new FusedProjection(index, Slot(layout.Linears[0]), [.. features])
            : new SeparateProjection(index, [.. layout.Linears.Select(Slot)]);

    private Slot Slot(LinearLayout linear) =>
        new(LinearModule.Load(checkpoint, linear.Name, linear.OutFeatures, linear.InFeatures, linear.Bias));

    // Layers that turn alike share their table.
    private RotaryTables? Rotary(RotaryLayout? layout)
    {
        if (layout is null)
            return null;
        if (!_rotary.TryGetValue(layout, out var tables))
            _rotary.Add(layout, tables = new RotaryTables(layout));
        return tables;
    }
}
