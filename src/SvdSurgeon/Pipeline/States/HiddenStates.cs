using SvdSurgeon.Backends;
using SvdSurgeon.Calibration;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.States;

/// <summary>
/// The hidden states of all calibration sequences at the input of one layer, carried through a model a layer at a time: what passes that
/// change a model from its first layer to its last stand on. Where tokens × hidden size are too many for the memory they are in a file.
/// </summary>
internal sealed class HiddenStates : IDisposable
{
    // Sequences go through a layer together up to this many tokens: larger products, at a bounded cost in memory.
    private const int TokensAtOnce = 2048;

    private readonly PipelineContext _context;
    private readonly TokenSet _tokens;
    private readonly HiddenStore _states;

    /// <summary>The embeddings of the sequences, the input of the first layer.</summary>
    public HiddenStates(PipelineContext context, DecoderModel model, TokenSet tokens)
    {
        (_context, _tokens) = (context, tokens);
        _states = HiddenStore.Create(context.Backend, tokens.Ids.Length, model.Config.HiddenSize, context.Memory / 8, context.Work.Path);
        ForEachBatch(
            (first, count) =>
                _states.Write(
                    first * tokens.Length,
                    count * tokens.Length,
                    rows => model.Embed(context.Backend, tokens.Rows(first, count), count, rows)
                )
        );
    }

    /// <summary>The states of some sequences, [count · length, hiddenSize]; the caller's to dispose.</summary>
    public Tensor Copy(int first, int count)
    {
        var copy = _context.Backend.Allocate(count * _tokens.Length, _states.HiddenSize);
        _states.Read(first * _tokens.Length, count * _tokens.Length, rows => _context.Backend.Copy(rows, copy));
        return copy;
    }

    /// <summary>Moves the states through a layer, to the input of the next one.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="visitor">Gets the inputs of its modules, given the first sequence and the number of sequences of a batch; null for
    /// none.</param>
    public void Advance(DecoderLayer layer, Func<int, int, ILinearVisitor>? visitor = null) =>
        ForEachBatch(
            (first, count) =>
                _states.Update(
                    first * _tokens.Length,
                    count * _tokens.Length,
                    rows =>
                        layer.Forward(_context.Backend, rows, new LayerContext(count, _tokens.Length), null, visitor?.Invoke(first, count))
                )
        );

    /// <summary>
    /// The inputs of one group of a layer for some sequences, [count · length, n]; the caller's to dispose. The states stay where they are.
    /// </summary>
    public Tensor GroupInputs(DecoderLayer layer, int group, int first, int count)
    {
        using var copy = Copy(first, count);
        var wanted = layer.Groups[group];
        var capture = new InputCapture(_context.Backend, wanted);
        layer.Forward(_context.Backend, copy, new LayerContext(count, _tokens.Length, Until: wanted), null, capture);
        return capture.Captured!;
    }

    /// <summary>XᵀX of the inputs of one group of a layer.</summary>
    public Matrix Gram(DecoderLayer layer, int group)
    {
        using var gram = _context.Backend.CreateGram(layer.Groups[group].InFeatures);
        ForEachBatch(
            (first, count) =>
            {
                using var x = GroupInputs(layer, group, first, count);
                gram.Add(x);
            }
        );
        return gram.ToMatrix();
    }

    /// <summary>First sequence and number of sequences of every batch.</summary>
    public static IReadOnlyList<(int First, int Count)> Batches(TokenSet tokens)
    {
        int batch = Math.Max(1, TokensAtOnce / tokens.Length);
        return
        [
            .. Enumerable
                .Range(0, (tokens.Sequences + batch - 1) / batch)
                .Select(i => (i * batch, Math.Min(batch, tokens.Sequences - i * batch))),
        ];
    }

    /// <summary>Calls <paramref name="body"/> with the first sequence and the number of sequences of every batch.</summary>
    public void ForEachBatch(Action<int, int> body)
    {
        foreach (var (first, count) in Batches(_tokens))
        {
            _context.Cancellation.ThrowIfCancellationRequested();
            body(first, count);
        }
    }

    public void Dispose() => _states.Dispose();

    private sealed class InputCapture(IBackend backend, InputGroup group) : ILinearVisitor
    {
        public Tensor? Captured { get; private set; }

        public void Input(InputGroup seen, Tensor x)
        {
            if (seen.Name != group.Name)
                return;
            Captured = backend.Allocate(x.Rows, x.Columns);
            backend.Copy(x, Captured);
        }
    }
}
