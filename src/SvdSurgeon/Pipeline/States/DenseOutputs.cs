using SvdSurgeon.Calibration;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.States;

/// <summary>
/// What the dense model predicts for some sequences, kept so that the divergence of another model costs one product with the head. With
/// features f (what the head reads), logits z = Hf and ℓ = log Σ exp z, KL(p ‖ q) = ℓ(q) − ℓ(p) − g·(f_q − f_p), g = Hᵀ softmax(z_p) the
/// gradient of ℓ at f_p: a token needs ℓ(p), g and f_p, not p itself, which is as wide as the vocabulary. One label's logit may be taken
/// from ℓ on both sides and from g, so ℓ is the cross entropy with any label and g its gradient. Where
/// features and gradients are too many for the memory they are in files.
/// </summary>
internal sealed class DenseOutputs : IDisposable
{
    private readonly PipelineContext _context;
    private readonly TokenSet _tokens;
    private readonly HiddenStore _features,
        _gradients;
    private readonly double[] _losses;
    private readonly HashSet<int> _known = [];

    private DenseOutputs(PipelineContext context, TokenSet tokens)
    {
        (_context, _tokens) = (context, tokens);
        _features = Store();
        _gradients = Store();
        _losses = new double[tokens.Ids.Length];

        HiddenStore Store() =>
            HiddenStore.Create(context.Backend, tokens.Ids.Length, context.Model.HeadWidth, context.Memory / 8, context.Work.Path);
    }

    /// <summary>
    /// A forward pass of the dense model, a layer after the other; of several processes each takes only the sequences that it needs, a
    /// batch after the other, when it needs them. The products are the same.
    /// </summary>
    public static DenseOutputs Of(PipelineContext context, TokenSet tokens)
    {
        context.Model.RequireUncappedLogits();
        var outputs = new DenseOutputs(context, tokens);
        if (context.Sharing.WithOthers)
            return outputs;
        var model = context.Model;
        using var states = new HiddenStates(context, model, tokens);
        foreach (var layer in model.Layers)
            states.Advance(layer);
        states.ForEachBatch(
            (first, count) =>
            {
                using var hidden = states.Copy(first, count);
                outputs.Add(hidden, first, count);
            }
        );
        return outputs;
    }

    private void Require(int first, int count)
    {
        foreach (
            var batch in HiddenStates.Batches(_tokens).Where(batch => batch.First < first + count && first < batch.First + batch.Count)
        )
        {
            if (_known.Contains(batch.First))
                continue;
            var (model, backend) = (_context.Model, _context.Backend);
            using var hidden = backend.Allocate(batch.Count * _tokens.Length, model.Config.HiddenSize);
            model.Embed(backend, _tokens.Rows(batch.First, batch.Count), batch.Count, hidden);
            foreach (var layer in model.Layers)
                layer.Forward(backend, hidden, new LayerContext(batch.Count, _tokens.Length));
            Add(hidden, batch.First, batch.Count);
        }
    }

    private void Add(Tensor hidden, int first, int count)
    {
        var (model, backend) = (_context.Model, _context.Backend);
        int row = first * _tokens.Length,
            rows = count * _tokens.Length;
        _features.Write(
            row,
            rows,
            features =>
            {
                model.Features(backend, hidden, features);
                _gradients.Write(
                    row,
                    rows,
                    gradients =>
                        backend.CrossEntropy(features, model.Head, _tokens.Rows(first, count), _losses.AsSpan(row, rows), gradients)
                );
            }
        );
        _known.Add(first);
    }

    /// <summary>Σ_t KL(dense ‖ other) over the tokens of consecutive sequences.</summary>
    /// <param name="model">The other model.</param>
    /// <param name="hidden">Output of its last layer for the sequences from <paramref name="first"/> on.</param>
    /// <param name="first">Number of the first sequence.</param>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    public double Divergence(DecoderModel model, Tensor hidden, int first)
    {
        Require(first, hidden.Rows / _tokens.Length);
        using var features = _context.Backend.Allocate(hidden.Rows, model.HeadWidth);
        model.Features(_context.Backend, hidden, features);
        return Finish(model, features, first, null);
    }

    /// <summary>The same, and its gradient at <paramref name="hidden"/>: Hᵀ(softmax(z_q) − softmax(z_p)) at what the head reads.</summary>
    /// <param name="model">The other model.</param>
    /// <param name="hidden">Output of its last layer for the sequences from <paramref name="first"/> on.</param>
    /// <param name="first">Number of the first sequence.</param>
    /// <param name="dHidden">Overwritten with the gradient.</param>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    public double Divergence(DecoderModel model, Tensor hidden, int first, Tensor dHidden)
    {
        Require(first, hidden.Rows / _tokens.Length);
        var backend = _context.Backend;
        using var features = backend.Allocate(hidden.Rows, model.HeadWidth);
        using var gradient = backend.Allocate(hidden.Rows, model.HeadWidth);
        model.Features(backend, hidden, features);
        double sum = Finish(model, features, first, gradient);
        _gradients.Read(first * _tokens.Length, hidden.Rows, dense => backend.AddScaled(dense, -1, gradient));
        model.FeaturesBackward(backend, hidden, gradient, dHidden);
        return sum;
    }

    // Overwrites the features; with a gradient, it becomes that of the cross entropy with the same labels as the dense model's.
    private double Finish(DecoderModel model, Tensor features, int first, Tensor? gradient)
    {
        var backend = _context.Backend;
        int row = first * _tokens.Length;
        var losses = new double[features.Rows];
        backend.CrossEntropy(features, model.Head, _tokens.Rows(first, features.Rows / _tokens.Length), losses, gradient);
        _features.Read(row, features.Rows, dense => backend.AddScaled(dense, -1, features));
        _gradients.Read(row, features.Rows, dense => backend.Multiply(features, dense, features));
        var linear = new double[model.HeadWidth];
        backend.AddColumnSums(features, false, linear);
        double sum = -linear.Sum();
        for (int t = 0; t < losses.Length; t++)
            sum += losses[t] - _losses[row + t];
        return sum;
    }

    public void Dispose()
    {
        _features.Dispose();
        _gradients.Dispose();
    }
}
