using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Backends;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Blocks;

/// <summary>
/// Causal attention over grouped heads: q, k and v from the input, a norm and a rotation of q and k where the layout has them, softmax, and
/// the output projection.
/// </summary>
internal sealed class Attention(
    AttentionLayout layout,
    Projection inputs,
    Slot output,
    INorm? queryNorm,
    INorm? keyNorm,
    RotaryTables? rotary
) : IBlock
{
    private readonly InputGroup _outputGroup = new(inputs.Group.Layer, [output]);

    public IReadOnlyList<Slot> Slots => [.. inputs.Group.Slots, output];

    public IReadOnlyList<InputGroup> Groups => [inputs.Group, _outputGroup];

    public long KeptPerToken
    {
        get
        {
            long numbers = 2L * inputs.Width(0) + inputs.Width(1) + inputs.Width(2) + layout.Heads;
            if (queryNorm is not null)
                numbers += inputs.Width(0) + inputs.Width(0) / queryNorm.Width * queryNorm.StatisticsPerRow;
            if (keyNorm is not null)
                numbers += inputs.Width(1) + inputs.Width(1) / keyNorm.Width * keyNorm.StatisticsPerRow;
            return numbers;
        }
    }

    public bool Read(LayerPass pass, Tensor x)
    {
        var kept = pass.Activations.Of<Kept>(this);
        int tokens = pass.Tokens;
        kept.Query = pass.Allocate(tokens, inputs.Width(0));
        (kept.Key, kept.Value) = KeysAndValues(pass);
        kept.RawQuery = queryNorm is null ? kept.Query : pass.Allocate(tokens, inputs.Width(0));
        kept.RawKey = keyNorm is null ? kept.Key : pass.Allocate(tokens, inputs.Width(1));
        if (!pass.Show(inputs.Group, x))
            return false;
        inputs.Forward(pass.Backend, x, kept.RawQuery, kept.RawKey, kept.Value);
        return true;
    }

    public bool Write(LayerPass pass, Tensor y, bool accumulate)
    {
        var kept = pass.Activations.Of<Kept>(this);
        kept.QueryStatistics = Norm(pass, queryNorm, kept.RawQuery, kept.Query);
        kept.KeyStatistics = Norm(pass, keyNorm, kept.RawKey, kept.Key);
        Rotate(pass, kept.Query, inverse: false);
        Rotate(pass, kept.Key, inverse: false);
        kept.Attended = pass.Allocate(pass.Tokens, inputs.Width(0));
        kept.LogSumExp = pass.Allocate(pass.Tokens, layout.Heads);
        if (pass.Context is { Cache: { } shared, Sequences: > 1 })
            AttendBranches(pass, kept, shared);
        else
            Attend(pass, kept);
        if (!pass.Show(_outputGroup, kept.Attended))
            return false;
        output.Module.Forward(pass.Backend, kept.Attended, y, accumulate);
        return true;
    }

    public void WriteBackward(LayerPass pass, Tensor dy)
    {
        var (backend, kept) = (pass.Backend, pass.Activations.Of<Kept>(this));
        Tensor dQuery = backend.Allocate(pass.Tokens, kept.Query.Columns),
            dKey = backend.Allocate(pass.Tokens, kept.Key.Columns);
        kept.DValue = backend.Allocate(pass.Tokens, kept.Value.Columns);
        pass.Visitor?.Gradient(output.Module, kept.Attended, dy);
        using (var dAttended = backend.Allocate(pass.Tokens, kept.Attended.Columns))
        {
            output.Module.BackwardInput(backend, dy, dAttended);
            backend.AttentionBackward(
                kept.Query,
                kept.Key,
                kept.Value,
                kept.Attended,
                kept.LogSumExp,
                dAttended,
                Shape(pass),
                dQuery,
                dKey,
                kept.DValue
            );
        }
        Rotate(pass, dQuery, inverse: true);
        Rotate(pass, dKey, inverse: true);
        kept.DQuery = NormBackward(pass, queryNorm, dQuery, kept.RawQuery, kept.QueryStatistics, kept.Query);
        kept.DKey = NormBackward(pass, keyNorm, dKey, kept.RawKey, kept.KeyStatistics, kept.Key);
    }

    public void ReadBackward(LayerPass pass, Tensor x, Tensor dx, bool accumulate)
    {
        var kept = pass.Activations.Of<Kept>(this);
        using Tensor dQuery = kept.DQuery,
            dKey = kept.DKey,
            dValue = kept.DValue;
        inputs.Backward(pass.Backend, pass.Visitor, x, dx, accumulate, dQuery, dKey, dValue);
    }

    private void Attend(LayerPass pass, Kept kept)
    {
        int length = pass.Context.Start + pass.Context.SequenceLength;
        var keys = pass.Context.Cache?.Keys.RowRange(0, length) ?? kept.Key;
        var values = pass.Context.Cache?.Values.RowRange(0, length) ?? kept.Value;
        pass.Backend.Attention(kept.Query, keys, values, Shape(pass), kept.Attended, kept.LogSumExp);
    }

    // One branch after the other stands behind the common tokens while it is attended to.
    private void AttendBranches(LayerPass pass, Kept kept, LayerCache cache)
    {
        var (start, length) = (pass.Context.Start, pass.Context.SequenceLength);
        var shape = Shape(pass) with { Sequences = 1 };
        for (int branch = 0; branch < pass.Context.Sequences; branch++)
        {
            int first = branch * length;
            pass.Backend.Copy(kept.Key.RowRange(first, length), cache.Keys.RowRange(start, length));
            pass.Backend.Copy(kept.Value.RowRange(first, length), cache.Values.RowRange(start, length));
            pass.Backend.Attention(
                kept.Query.RowRange(first, length),
                cache.Keys.RowRange(0, start + length),
                cache.Values.RowRange(0, start + length),
                shape,
                kept.Attended.RowRange(first, length),
                kept.LogSumExp.RowRange(first, length)
            );
        }
    }

    // Keys and values go to the end of the cache; those of branches, and without a cache, into tensors of their own.
    private (Tensor Keys, Tensor Values) KeysAndValues(LayerPass pass)
    {
        var context = pass.Context;
        return context is { Cache: { } cache, Sequences: 1 }
            ? (cache.Keys.RowRange(context.Start, context.SequenceLength), cache.Values.RowRange(context.Start, context.SequenceLength))
            : (pass.Allocate(pass.Tokens, inputs.Width(1)), pass.Allocate(pass.Tokens, inputs.Width(2)));
    }

    private AttentionShape Shape(LayerPass pass) =>
        new(
            pass.Context.Sequences,
            pass.Context.SequenceLength,
            pass.Context.Start + pass.Context.SequenceLength,
            layout.Heads,
            layout.KeyValueHeads,
            layout.HeadDim,
            layout.Window,
            layout.Scale,
            layout.SoftCap
        );

    private void Rotate(LayerPass pass, Tensor x, bool inverse)
    {
        if (rotary is null)
            return;
        var (start, length) = (pass.Context.Start, pass.Context.SequenceLength);
        pass.Backend.Rope(x, layout.HeadDim, rotary.Table(start + length), length, start, inverse);
    }

    private static Tensor? Norm(LayerPass pass, INorm? norm, Tensor x, Tensor y)
    {
        if (norm is null)
            return null;
        var rows = Rows(x, norm);
        var statistics = pass.Allocate(norm.StatisticsPerRow, rows.Rows);
        norm.Forward(pass.Backend, rows, Rows(y, norm), statistics);
        return statistics;
    }

    // The rotated queries and keys are not needed any more: their memory takes the gradients before the norm.
    private static Tensor NormBackward(LayerPass pass, INorm? norm, Tensor dy, Tensor x, Tensor? statistics, Tensor dx)
    {
        if (norm is null)
            return dy;
        norm.Backward(pass.Backend, Rows(dy, norm), Rows(x, norm), statistics!, Rows(dx, norm));
        dy.Dispose();
        return dx.RowRange(0, dx.Rows);
    }

    private static Tensor Rows(Tensor x, INorm norm) => x.Reshape(x.Rows * (x.Columns / norm.Width), norm.Width);

    // Queries and keys as attention reads them (rotated), before their own norm (raw), values, and the gradients of all three.
    private sealed class Kept
    {
        public Tensor Query { get; set; } = null!;
        public Tensor Key { get; set; } = null!;
        public Tensor Value { get; set; } = null!;
        public Tensor RawQuery { get; set; } = null!;
        public Tensor RawKey { get; set; } = null!;
        public Tensor? QueryStatistics { get; set; }
        public Tensor? KeyStatistics { get; set; }
        public Tensor Attended { get; set; } = null!;
        public Tensor LogSumExp { get; set; } = null!;
        public Tensor DQuery { get; set; } = null!;
        public Tensor DKey { get; set; } = null!;
        public Tensor DValue { get; set; } = null!;
    }
}
