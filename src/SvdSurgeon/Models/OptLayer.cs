using SvdSurgeon.Architectures;
using SvdSurgeon.Backends;
using SvdSurgeon.Formats;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>
/// OPT: x₁ = x + out(attention(q, k, v)), then x₁ + fc2(relu(fc1)), with a layer norm before each of the two, or after it (OPT-350m).
/// </summary>
internal sealed class OptLayer : DecoderLayer
{
    private readonly LayerNormWeights _attentionNorm;
    private readonly LayerNormWeights _finalNorm;

    private OptLayer(Checkpoint checkpoint, DecoderConfig config, int index, string name, LinearModule[] linears)
        : base(config, index, linears, [3, 1, 1, 1])
    {
        _attentionNorm = LayerNormWeights.Load(checkpoint, name + "self_attn_layer_norm");
        _finalNorm = LayerNormWeights.Load(checkpoint, name + "final_layer_norm");
    }

    public static OptLayer Load(Checkpoint checkpoint, int index)
    {
        var c = checkpoint.Config;
        string name = $"model.decoder.layers.{index}.";
        LinearModule Linear(string part, int m, int n, bool bias) => LinearModule.Load(checkpoint, name + part, m, n, bias);
        return new OptLayer(
            checkpoint,
            c,
            index,
            name,
            [
                Linear("self_attn.q_proj", c.HiddenSize, c.HiddenSize, c.AttentionBias),
                Linear("self_attn.k_proj", c.HiddenSize, c.HiddenSize, c.AttentionBias),
                Linear("self_attn.v_proj", c.HiddenSize, c.HiddenSize, c.AttentionBias),
                Linear("self_attn.out_proj", c.HiddenSize, c.HiddenSize, c.AttentionOutputBias),
                Linear("fc1", c.IntermediateSize, c.HiddenSize, c.MlpBias),
                Linear("fc2", c.HiddenSize, c.IntermediateSize, c.MlpBias),
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
            width = Config.HiddenSize;
        if (keep)
            a.Input = a.KeepCopy(backend, hidden);
        a.Mean1 = a.Allocate(backend, tokens, 1);
        a.R1 = a.Allocate(backend, tokens, 1);
        a.Query = a.Allocate(backend, tokens, width);
        (a.Key, a.Value) = AllocateKeysAndValues(backend, a, context, width);
        using var normed = backend.Allocate(tokens, width);
        if (Config.PreNorm)
            _attentionNorm.Forward(backend, hidden, normed, a.Mean1, a.R1);
        else
            backend.Copy(hidden, normed);
        visitor?.Input(Groups[0], normed);
        if (context.InputGroups == 1)
            return false;
        Linears[0].Forward(backend, normed, a.Query);
        Linears[1].Forward(backend, normed, a.Key);
        Linears[2].Forward(backend, normed, a.Value);
        Attend(backend, a, context);
        visitor?.Input(Groups[1], a.Attended);
        if (context.InputGroups == 2)
            return false;
        Linears[3].Forward(backend, a.Attended, hidden, accumulate: true);
        if (keep)
            a.Middle = a.KeepCopy(backend, hidden);
        if (Config.PreNorm)
            return true;
        _attentionNorm.Forward(backend, hidden, normed, a.Mean1, a.R1);
        backend.Copy(normed, hidden);
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
        int tokens = context.Tokens,
            width = Config.HiddenSize;
        a.Mean2 = a.Allocate(backend, tokens, 1);
        a.R2 = a.Allocate(backend, tokens, 1);
        a.Gate = a.Allocate(backend, tokens, Config.IntermediateSize);
        using var normed = backend.Allocate(tokens, width);
        if (Config.PreNorm)
            _finalNorm.Forward(backend, hidden, normed, a.Mean2, a.R2);
        else
            backend.Copy(hidden, normed);
        visitor?.Input(Groups[2], normed);
        if (context.InputGroups == 3)
            return;
        Linears[4].Forward(backend, normed, a.Gate);
        using (var activated = Activated(backend, a.Gate, inPlace: true))
        {
            visitor?.Input(Groups[3], activated);
            if (context.InputGroups == 4)
                return;
            Linears[5].Forward(backend, activated, hidden, accumulate: true);
        }
        if (Config.PreNorm)
            return;
        if (keep)
            a.Last = a.KeepCopy(backend, hidden);
        _finalNorm.Forward(backend, hidden, normed, a.Mean2, a.R2);
        backend.Copy(normed, hidden);
    }

    // ReLU is applied in place: its output says as much about the sign as its input. GELU's input must be kept.
    private Tensor Activated(IBackend backend, Tensor gate, bool inPlace)
    {
        if (Config.Activation == Activation.Relu)
        {
            if (inPlace)
                backend.Relu(gate, gate);
            return gate.RowRange(0, gate.Rows);
        }
        var activated = backend.Allocate(gate.Rows, gate.Columns);
        backend.Gelu(gate, activated);
        return activated;
    }

    public override void Backward(IBackend backend, LayerActivations activations, Tensor dHidden, ILinearVisitor? visitor = null)
    {
        MlpBackward(backend, activations, dHidden, visitor);
        AttentionBackward(backend, activations, dHidden, visitor);
    }

    private void MlpBackward(IBackend backend, LayerActivations a, Tensor dHidden, ILinearVisitor? visitor)
    {
        int tokens = dHidden.Rows;
        using var scratch = backend.Allocate(tokens, Config.HiddenSize);
        if (!Config.PreNorm)
            NormBackwardInPlace(backend, _finalNorm, dHidden, a.Last, a.Mean2, a.R2, scratch);
        if (visitor is not null)
        {
            using var activated = Activated(backend, a.Gate, inPlace: false);
            visitor.Gradient(Linears[5], activated, dHidden);
        }
        using var dGate = backend.Allocate(tokens, Config.IntermediateSize);
        Linears[5].BackwardInput(backend, dHidden, dGate);
        if (Config.Activation == Activation.Relu)
            backend.ReluBackward(dGate, a.Gate, dGate);
        else
            backend.GeluBackward(dGate, a.Gate, dGate);
        if (visitor is not null)
        {
            // The input of fc1: the norm of the stream, before it in pre-norm and after it in post-norm layers.
            var norm = Config.PreNorm ? _finalNorm : _attentionNorm;
            norm.Forward(backend, a.Middle, scratch, Config.PreNorm ? a.Mean2 : a.Mean1, Config.PreNorm ? a.R2 : a.R1);
            visitor.Gradient(Linears[4], scratch, dGate);
        }
        if (Config.PreNorm)
        {
            Linears[4].BackwardInput(backend, dGate, scratch);
            _finalNorm.Backward(backend, scratch, a.Middle, a.Mean2, a.R2, dHidden, accumulate: true);
        }
        else
            Linears[4].BackwardInput(backend, dGate, dHidden, accumulate: true);
    }

    private void AttentionBackward(IBackend backend, LayerActivations a, Tensor dHidden, ILinearVisitor? visitor)
    {
        int tokens = dHidden.Rows,
            width = Config.HiddenSize;
        using var scratch = backend.Allocate(tokens, width);
        if (!Config.PreNorm)
            NormBackwardInPlace(backend, _attentionNorm, dHidden, a.Middle, a.Mean1, a.R1, scratch);
        using var dQuery = backend.Allocate(tokens, width);
        using var dKey = backend.Allocate(tokens, width);
        using var dValue = backend.Allocate(tokens, width);
        visitor?.Gradient(Linears[3], a.Attended, dHidden);
        Linears[3].BackwardInput(backend, dHidden, scratch);
        backend.AttentionBackward(
            a.Query,
            a.Key,
            a.Value,
            a.Attended,
            a.LogSumExp,
            scratch,
            AttentionShape(a.Context),
            dQuery,
            dKey,
            dValue
        );
        if (visitor is not null)
        {
            if (Config.PreNorm)
                _attentionNorm.Forward(backend, a.Input, scratch, a.Mean1, a.R1);
            var input = Config.PreNorm ? scratch : a.Input;
            visitor.Gradient(Linears[2], input, dValue);
            visitor.Gradient(Linears[1], input, dKey);
            visitor.Gradient(Linears[0], input, dQuery);
        }
        var dInput = Config.PreNorm ? scratch : dHidden;
        Linears[0].BackwardInput(backend, dQuery, dInput, accumulate: !Config.PreNorm);
        Linears[1].BackwardInput(backend, dKey, dInput, accumulate: true);
        Linears[2].BackwardInput(backend, dValue, dInput, accumulate: true);
        if (Config.PreNorm)
            _attentionNorm.Backward(backend, scratch, a.Input, a.Mean1, a.R1, dHidden, accumulate: true);
    }

    private static void NormBackwardInPlace(
        IBackend backend,
        LayerNormWeights norm,
        Tensor d,
        Tensor input,
        Tensor mean,
        Tensor r,
        Tensor scratch
    )
    {
        norm.Backward(backend, d, input, mean, r, scratch, accumulate: false);
        backend.Copy(scratch, d);
    }
}
