using SvdSurgeon.Architectures;
using SvdSurgeon.Backends;
using SvdSurgeon.Formats;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>
/// LLaMA, Mistral, Qwen2, Qwen3: x₁ = x + o(attention(rope(q, k), v)) of RMS norm x, then x₁ + down(silu(gate) ∘ up) of RMS norm x₁.
/// Qwen3 passes q and k of each head through an RMS norm before the rotation.
/// </summary>
internal sealed class LlamaLayer : DecoderLayer
{
    private readonly RotaryTables _rotary;
    private readonly StoredTensor _inputNorm;
    private readonly StoredTensor _attentionNorm;
    private readonly StoredTensor? _queryNorm;
    private readonly StoredTensor? _keyNorm;

    private LlamaLayer(Checkpoint checkpoint, DecoderConfig config, int index, string name, RotaryTables rotary, LinearModule[] linears)
        : base(config, index, linears, [3, 1, 2, 1])
    {
        _rotary = rotary;
        _inputNorm = checkpoint.Require(name + "input_layernorm.weight", config.HiddenSize);
        _attentionNorm = checkpoint.Require(name + "post_attention_layernorm.weight", config.HiddenSize);
        if (!config.QueryKeyNorm)
            return;
        _queryNorm = checkpoint.Require(name + "self_attn.q_norm.weight", config.HeadDim);
        _keyNorm = checkpoint.Require(name + "self_attn.k_norm.weight", config.HeadDim);
    }

    public static LlamaLayer Load(Checkpoint checkpoint, int index, RotaryTables rotary)
    {
        var c = checkpoint.Config;
        string name = $"model.layers.{index}.";
        int queries = c.Heads * c.HeadDim,
            keys = c.KeyValueHeads * c.HeadDim;
        LinearModule Linear(string part, int m, int n, bool bias) => LinearModule.Load(checkpoint, name + part, m, n, bias);
        return new LlamaLayer(
            checkpoint,
            c,
            index,
            name,
            rotary,
            [
                Linear("self_attn.q_proj", queries, c.HiddenSize, c.AttentionBias),
                Linear("self_attn.k_proj", keys, c.HiddenSize, c.AttentionBias),
                Linear("self_attn.v_proj", keys, c.HiddenSize, c.AttentionBias),
                Linear("self_attn.o_proj", c.HiddenSize, queries, c.AttentionOutputBias),
                Linear("mlp.gate_proj", c.IntermediateSize, c.HiddenSize, c.MlpBias),
                Linear("mlp.up_proj", c.IntermediateSize, c.HiddenSize, c.MlpBias),
                Linear("mlp.down_proj", c.HiddenSize, c.IntermediateSize, c.MlpBias),
            ]
        );
    }

    public override void Forward(
        IBackend backend,
        Tensor hidden,
        in LayerContext context,
        LayerActivations? keep = null,
        ILinearVisitor? visitor = null
    )
    {
        using var own = keep is null ? new LayerActivations() : null;
        var a = keep ?? own!;
        a.Context = context;
        bool goOn = AttentionForward(backend, hidden, context, a, keep is not null, visitor);
        if (keep is null)
            a.Dispose();
        if (!goOn)
            return;
        MlpForward(backend, hidden, context, a, keep is not null, visitor);
    }

    private bool AttentionForward(
        IBackend backend,
        Tensor hidden,
        in LayerContext context,
        LayerActivations a,
        bool keep,
        ILinearVisitor? visitor
    )
    {
        int tokens = context.Tokens,
            queries = Config.Heads * Config.HeadDim,
            keys = Config.KeyValueHeads * Config.HeadDim;
        if (keep)
            a.Input = a.KeepCopy(backend, hidden);
        a.R1 = a.Allocate(backend, tokens, 1);
        a.Query = a.Allocate(backend, tokens, queries);
        (a.Key, a.Value) = AllocateKeysAndValues(backend, a, context, keys);
        if (_queryNorm is not null)
        {
            a.RawQuery = a.Allocate(backend, tokens, queries);
            a.RawKey = a.Allocate(backend, tokens, keys);
        }
        using (var normed = backend.Allocate(tokens, Config.HiddenSize))
        {
            backend.RmsNorm(hidden, _inputNorm, Config.NormEpsilon, normed, a.R1);
            visitor?.Input(Groups[0], normed);
            if (context.InputGroups == 1)
                return false;
            Linears[0].Forward(backend, normed, _queryNorm is null ? a.Query : a.RawQuery);
            Linears[1].Forward(backend, normed, _keyNorm is null ? a.Key : a.RawKey);
            Linears[2].Forward(backend, normed, a.Value);
        }
        if (_queryNorm is not null)
        {
            a.QueryR = a.Allocate(backend, tokens * Config.Heads, 1);
            a.KeyR = a.Allocate(backend, tokens * Config.KeyValueHeads, 1);
            backend.RmsNorm(HeadRows(a.RawQuery), _queryNorm, Config.NormEpsilon, HeadRows(a.Query), a.QueryR);
            backend.RmsNorm(HeadRows(a.RawKey), _keyNorm!, Config.NormEpsilon, HeadRows(a.Key), a.KeyR);
        }
        var rope = _rotary.Table(context.Start + context.SequenceLength);
        backend.Rope(a.Query, Config.HeadDim, rope, context.SequenceLength, context.Start);
        backend.Rope(a.Key, Config.HeadDim, rope, context.SequenceLength, context.Start);
        Attend(backend, a, context);
        visitor?.Input(Groups[1], a.Attended);
        if (context.InputGroups == 2)
            return false;
        Linears[3].Forward(backend, a.Attended, hidden, accumulate: true);
        return true;
    }

    private void MlpForward(
        IBackend backend,
        Tensor hidden,
        in LayerContext context,
        LayerActivations a,
        bool keep,
        ILinearVisitor? visitor
    )
    {
        int tokens = context.Tokens;
        if (keep)
            a.Middle = a.KeepCopy(backend, hidden);
        a.R2 = a.Allocate(backend, tokens, 1);
        a.Gate = a.Allocate(backend, tokens, Config.IntermediateSize);
        a.Up = a.Allocate(backend, tokens, Config.IntermediateSize);
        using (var normed = backend.Allocate(tokens, Config.HiddenSize))
        {
            backend.RmsNorm(hidden, _attentionNorm, Config.NormEpsilon, normed, a.R2);
            visitor?.Input(Groups[2], normed);
            if (context.InputGroups == 3)
                return;
            Linears[4].Forward(backend, normed, a.Gate);
            Linears[5].Forward(backend, normed, a.Up);
        }
        using var activated = backend.Allocate(tokens, Config.IntermediateSize);
        backend.SwiGlu(a.Gate, a.Up, activated);
        visitor?.Input(Groups[3], activated);
        if (context.InputGroups == 4)
            return;
        Linears[6].Forward(backend, activated, hidden, accumulate: true);
    }

    public override void Backward(IBackend backend, LayerActivations activations, Tensor dHidden, ILinearVisitor? visitor = null)
    {
        MlpBackward(backend, activations, dHidden, visitor);
        AttentionBackward(backend, activations, dHidden, visitor);
    }

    private void MlpBackward(IBackend backend, LayerActivations a, Tensor dHidden, ILinearVisitor? visitor)
    {
        int tokens = dHidden.Rows;
        using (var activated = backend.Allocate(tokens, Config.IntermediateSize))
        {
            if (visitor is not null)
            {
                backend.SwiGlu(a.Gate, a.Up, activated);
                visitor.Gradient(Linears[6], activated, dHidden);
            }
            var dActivated = activated;
            Linears[6].BackwardInput(backend, dHidden, dActivated);
            backend.SwiGluBackward(dActivated, a.Gate, a.Up, a.Gate, a.Up);
        }
        using var normed = backend.Allocate(tokens, Config.HiddenSize);
        if (visitor is not null)
        {
            backend.RmsNorm(a.Middle, _attentionNorm, Config.NormEpsilon, normed, a.R2);
            visitor.Gradient(Linears[5], normed, a.Up);
            visitor.Gradient(Linears[4], normed, a.Gate);
        }
        var dNormed = normed;
        Linears[4].BackwardInput(backend, a.Gate, dNormed);
        Linears[5].BackwardInput(backend, a.Up, dNormed, accumulate: true);
        backend.RmsNormBackward(dNormed, a.Middle, _attentionNorm, a.R2, dHidden, accumulate: true);
    }

    private void AttentionBackward(IBackend backend, LayerActivations a, Tensor dHidden, ILinearVisitor? visitor)
    {
        int tokens = dHidden.Rows;
        using var dQuery = backend.Allocate(tokens, a.Query.Columns);
        using var dKey = backend.Allocate(tokens, a.Key.Columns);
        using var dValue = backend.Allocate(tokens, a.Value.Columns);
        visitor?.Gradient(Linears[3], a.Attended, dHidden);
        using (var dAttended = backend.Allocate(tokens, a.Attended.Columns))
        {
            Linears[3].BackwardInput(backend, dHidden, dAttended);
            backend.AttentionBackward(
                a.Query,
                a.Key,
                a.Value,
                a.Attended,
                a.LogSumExp,
                dAttended,
                AttentionShape(a.Context),
                dQuery,
                dKey,
                dValue
            );
        }
        var rope = _rotary.Table(a.Context.SequenceLength);
        backend.Rope(dQuery, Config.HeadDim, rope, a.Context.SequenceLength, 0, inverse: true);
        backend.Rope(dKey, Config.HeadDim, rope, a.Context.SequenceLength, 0, inverse: true);
        if (_queryNorm is not null)
        {
            // The rotated queries and keys are not needed any more: their memory takes the gradients before the norm.
            backend.RmsNormBackward(HeadRows(dQuery), HeadRows(a.RawQuery), _queryNorm, a.QueryR, HeadRows(a.Query));
            backend.RmsNormBackward(HeadRows(dKey), HeadRows(a.RawKey), _keyNorm!, a.KeyR, HeadRows(a.Key));
        }
        var (dRawQuery, dRawKey) = _queryNorm is null ? (dQuery, dKey) : (a.Query, a.Key);
        using var normed = backend.Allocate(tokens, Config.HiddenSize);
        if (visitor is not null)
        {
            backend.RmsNorm(a.Input, _inputNorm, Config.NormEpsilon, normed, a.R1);
            visitor.Gradient(Linears[2], normed, dValue);
            visitor.Gradient(Linears[1], normed, dRawKey);
            visitor.Gradient(Linears[0], normed, dRawQuery);
        }
        var dNormed = normed;
        Linears[0].BackwardInput(backend, dRawQuery, dNormed);
        Linears[1].BackwardInput(backend, dRawKey, dNormed, accumulate: true);
        Linears[2].BackwardInput(backend, dValue, dNormed, accumulate: true);
        backend.RmsNormBackward(dNormed, a.Input, _inputNorm, a.R1, dHidden, accumulate: true);
    }

    private Tensor HeadRows(Tensor x) => x.Reshape(x.Rows * (x.Columns / Config.HeadDim), Config.HeadDim);
}
