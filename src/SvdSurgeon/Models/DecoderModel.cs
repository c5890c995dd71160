using SvdSurgeon.Architectures;
using SvdSurgeon.Architectures.Layouts;
using SvdSurgeon.Backends;
using SvdSurgeon.Formats;
using SvdSurgeon.Models.Blocks;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models;

/// <summary>
/// A decoder language model over a checkpoint's stored tensors: embedding, layers, head. Nothing is widened or copied on loading, so
/// several models over one checkpoint, each with its own replaced modules, cost no memory. Valid as long as the checkpoint is open.
/// </summary>
internal sealed class DecoderModel
{
    private readonly ModelLayout _layout;
    private readonly StoredTensor _embedding;
    private readonly StoredTensor? _positions;
    private readonly StoredTensor? _projectIn;
    private readonly StoredTensor? _projectOut;
    private readonly INorm? _finalNorm;

    private DecoderModel(Checkpoint checkpoint)
    {
        var c = Config = checkpoint.Config;
        var architecture = ArchitectureRegistry.Of(c);
        var builder = new LayerBuilder(checkpoint);
        _layout = architecture.Model(c);
        _embedding = Matrix(checkpoint, _layout.Embedding);
        if (_layout.Positions is { } positions)
            _positions = checkpoint.Require(positions + ".weight", (long)c.MaxPositions + _layout.PositionOffset, c.HiddenSize);
        _projectIn = _layout.ProjectIn is { } into ? Matrix(checkpoint, into) : null;
        _projectOut = _layout.ProjectOut is { } outOf ? Matrix(checkpoint, outOf) : null;
        _finalNorm = builder.Norm(_layout.FinalNorm);
        Head = c.TieWordEmbeddings ? _embedding : Matrix(checkpoint, _layout.Embedding with { Name = architecture.Names.Head });
        var layers = new DecoderLayer[c.Layers];
        for (int i = 0; i < layers.Length; i++)
            layers[i] = builder.Layer(i);
        Layers = layers;
        checkpoint.WarnOfUnused();
    }

    /// <summary>What the model is.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Decoder layers.</summary>
    public IReadOnlyList<DecoderLayer> Layers { get; }

    /// <summary>All linear modules of the layers, in order of the data flow.</summary>
    public IReadOnlyList<LinearModule> Linears => [.. Layers.SelectMany(layer => layer.Linears)];

    /// <summary>Groups of modules that read the same input, in order of the data flow.</summary>
    public IReadOnlyList<InputGroup> Groups => [.. Layers.SelectMany(layer => layer.Groups)];

    /// <summary>The matrix that makes logits, vocabulary × <see cref="HeadWidth"/>.</summary>
    public StoredTensor Head { get; }

    /// <summary>Embedding and head, once where they are the same tensor.</summary>
    internal IReadOnlyList<StoredTensor> Tables => Config.TieWordEmbeddings ? [_embedding] : [_embedding, Head];

    /// <summary>Width of what the head reads.</summary>
    public int HeadWidth => Head.Columns;

    /// <summary>The model in <paramref name="checkpoint"/>, with dense or compressed modules as they are found there.</summary>
    /// <exception cref="InvalidModelException">A tensor is missing or has another shape than the configuration says.</exception>
    public static DecoderModel Load(Checkpoint checkpoint) => new(checkpoint);

    /// <summary>Puts another form of the module called <paramref name="name"/> in its place.</summary>
    /// <exception cref="ArgumentException">There is no module of that name and shape.</exception>
    public void Replace(string name, LinearModule module)
    {
        var layer =
            Layers.FirstOrDefault(layer => layer.Linears.Any(linear => linear.Name == name))
            ?? throw new ArgumentException($"The model has no linear module '{name}'.", nameof(name));
        layer.Replace(name, module);
    }

    /// <summary>hidden [B·T, hiddenSize] = embeddings of the tokens, with positions where they are learned.</summary>
    /// <param name="backend">Device.</param>
    /// <param name="ids">B·T token ids.</param>
    /// <param name="sequences">B.</param>
    /// <param name="hidden">Output.</param>
    /// <param name="startPosition">Position of the first token of each sequence.</param>
    /// <exception cref="InvalidInputException">A sequence is longer than the model's positions, or an id is not in the
    /// vocabulary.</exception>
    public void Embed(IBackend backend, ReadOnlySpan<int> ids, int sequences, Tensor hidden, int startPosition = 0)
    {
        int length = ids.Length / sequences;
        RequirePositions(startPosition + length);
        if (_projectIn is null)
            backend.Embed(ids, _embedding, hidden);
        else
        {
            using var words = backend.Allocate(ids.Length, _embedding.Columns);
            backend.Embed(ids, _embedding, words);
            backend.Linear(words, _projectIn, null, hidden);
        }
        Scale(backend, hidden, _layout.EmbeddingScale);
        if (_positions is not null)
            backend.AddPositions(_positions, _layout.PositionOffset + startPosition, length, hidden);
    }

    /// <summary>Refuses sequences that the model has no positions for.</summary>
    /// <exception cref="InvalidInputException">There are fewer positions.</exception>
    public void RequirePositions(int length)
    {
        if (length > Config.MaxPositions)
            throw new InvalidInputException(
                $"A sequence of {length} tokens is longer than the {Config.MaxPositions} positions of this model: use --seqlen "
                    + $"{Config.MaxPositions} or less."
            );
    }

    /// <summary>
    /// features [T, <see cref="HeadWidth"/>] = what the head reads: the last layer's output after the final norm and project_out, times the
    /// factor of the logits.
    /// </summary>
    public void Features(IBackend backend, Tensor hidden, Tensor features)
    {
        if (_projectOut is null)
        {
            Normalize(backend, hidden, features)?.Dispose();
        }
        else
        {
            using var normed = backend.Allocate(hidden.Rows, hidden.Columns);
            Normalize(backend, hidden, normed)?.Dispose();
            backend.Linear(normed, _projectOut, null, features);
        }
        Scale(backend, features, _layout.LogitScale);
    }

    /// <summary>logits [T, vocabulary] of the given rows of the last layer's output.</summary>
    public void Logits(IBackend backend, Tensor hidden, Tensor logits)
    {
        using var features = backend.Allocate(hidden.Rows, HeadWidth);
        Features(backend, hidden, features);
        backend.Linear(features, Head, null, logits);
        if (_layout.LogitSoftCap > 0)
            backend.SoftCap(logits, _layout.LogitSoftCap);
    }

    /// <summary>losses[t] = −log p(labels[t]), and the gradient of <paramref name="scale"/> · Σ losses.</summary>
    /// <param name="backend">Device.</param>
    /// <param name="hidden">Output of the last layer, [T, hiddenSize].</param>
    /// <param name="labels">Next tokens; below 0 for none.</param>
    /// <param name="losses">One a token, 0 where there is no label.</param>
    /// <param name="dHidden">Overwritten with the gradient at <paramref name="hidden"/>; may be null.</param>
    /// <param name="scale">Factor of the gradient.</param>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    public void Loss(
        IBackend backend,
        Tensor hidden,
        ReadOnlySpan<int> labels,
        Span<double> losses,
        Tensor? dHidden = null,
        float scale = 1
    )
    {
        using var features = backend.Allocate(hidden.Rows, HeadWidth);
        Features(backend, hidden, features);
        if (dHidden is null)
        {
            backend.CrossEntropy(features, Head, labels, losses, softCap: _layout.LogitSoftCap);
            return;
        }
        using var dFeatures = backend.Allocate(hidden.Rows, HeadWidth);
        backend.CrossEntropy(features, Head, labels, losses, dFeatures, scale, _layout.LogitSoftCap);
        FeaturesBackward(backend, hidden, dFeatures, dHidden);
    }

    /// <summary>Refuses what takes logits for linear in the features.</summary>
    /// <exception cref="InvalidInputException">The model caps its logits.</exception>
    internal void RequireUncappedLogits()
    {
        if (_layout.LogitSoftCap > 0)
            throw new InvalidInputException(
                $"{Config.ModelType} models cap their logits (final_logit_softcapping), for which the KL divergence is not computed. Use "
                    + "--allocate uniform, fisher or spectrum, and no --newton."
            );
    }

    /// <summary>
    /// divergences[t] = KL(p ‖ q) of the next-token distributions that two models of this shape give from their last layers' outputs.
    /// </summary>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    public void KullbackLeibler(IBackend backend, Tensor pHidden, Tensor qHidden, Span<double> divergences)
    {
        RequireUncappedLogits();
        using var p = backend.Allocate(pHidden.Rows, HeadWidth);
        using var q = backend.Allocate(qHidden.Rows, HeadWidth);
        Features(backend, pHidden, p);
        Features(backend, qHidden, q);
        backend.KullbackLeibler(p, q, Head, divergences);
    }

    /// <summary>
    /// dHidden [T, hiddenSize] = the gradient at <paramref name="hidden"/> from the gradient at what <see cref="Features"/> made of it.
    /// </summary>
    public void FeaturesBackward(IBackend backend, Tensor hidden, Tensor dFeatures, Tensor dHidden)
    {
        using var normed = backend.Allocate(hidden.Rows, hidden.Columns);
        // The norm's statistics are computed again: cheaper than carrying them through the head.
        using var statistics = Normalize(backend, hidden, normed);
        var d = dFeatures;
        if (_projectOut is not null)
        {
            backend.LinearBackward(dFeatures, _projectOut, normed);
            d = normed;
        }
        if (_finalNorm is not null)
            _finalNorm.Backward(backend, d, hidden, statistics!, dHidden);
        else
            backend.Copy(d, dHidden);
        Scale(backend, dHidden, _layout.LogitScale);
    }

    private static void Scale(IBackend backend, Tensor x, float factor)
    {
        if (factor == 1)
            return;
        using var copy = backend.Allocate(x.Rows, x.Columns);
        backend.Copy(x, copy);
        backend.Fill(x, 0);
        backend.AddScaled(copy, factor, x);
    }

    // normed = the final norm of hidden, a copy where there is none; returns what the norm's backward pass needs.
    private Tensor? Normalize(IBackend backend, Tensor hidden, Tensor normed)
    {
        if (_finalNorm is null)
        {
            backend.Copy(hidden, normed);
            return null;
        }
        var statistics = backend.Allocate(_finalNorm.StatisticsPerRow, hidden.Rows);
        _finalNorm.Forward(backend, hidden, normed, statistics);
        return statistics;
    }

    private static StoredTensor Matrix(Checkpoint checkpoint, LinearLayout layout) =>
        checkpoint.Require(layout.Name + ".weight", layout.OutFeatures, layout.InFeatures);
}
