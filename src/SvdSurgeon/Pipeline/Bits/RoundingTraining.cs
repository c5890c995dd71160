using SvdSurgeon.Calibration;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.States;
using SvdSurgeon.Quantization;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>
/// Trains the rounding of all modules at once: signed gradient steps on positions and scales (<see cref="TrainedMatrix"/>) down the
/// divergence of the model's predictions from the dense model's, Σ_t KL(p_dense ‖ p), rounding passed straight through in the backward
/// pass. A block's output need not be guessed at: what counts is compared, and errors of early layers are made up for in later ones.
/// </summary>
internal sealed class RoundingTraining : ILinearVisitor
{
    private const int TokensPerStep = 2048;
    private const int NumbersAtOnce = 1 << 16;

    // Far shorter steps than where one block is fitted: all modules mend the same error, and ten times as much undoes the model in one
    // step.
    private const float Rate = 0.002f,
        ScaleRate = 0.0003f,
        Momentum = 0.8f;

    private readonly PipelineContext _context;
    private readonly TokenSet _tokens;
    private readonly DenseOutputs _dense;
    private readonly Dictionary<string, TrainedMatrix[]> _modules = new(StringComparer.Ordinal);
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <param name="context">The run.</param>
    /// <param name="tokens">Sequences to train on.</param>
    /// <param name="dense">What the dense model predicts for them.</param>
    public RoundingTraining(PipelineContext context, TokenSet tokens, DenseOutputs dense)
    {
        (_context, _tokens, _dense) = (context, tokens, dense);
        Model = DecoderModel.Load(context.Source);
    }

    /// <summary>The model with the modules that are trained.</summary>
    public DecoderModel Model { get; }

    /// <summary>What a training keeps in memory: positions, momenta, integers, blocks, and what the dense model predicts.</summary>
    public static long Bytes(DecoderModel model, TokenSet tokens) =>
        10 * BitsPlan.Weights(model) + 2L * sizeof(float) * model.HeadWidth * tokens.Ids.Length;

    /// <summary>A module that is trained.</summary>
    /// <param name="module">The dense one.</param>
    /// <param name="start">Its matrices with their positions; they change from here on.</param>
    public void Add(LinearModule module, IReadOnlyList<RoundedMatrix> start)
    {
        TrainedMatrix[] matrices = [.. start.Select(matrix => new TrainedMatrix(matrix.Name, matrix.Matrix, matrix.Positions!))];
        _modules.Add(module.Name, matrices);
        Model.Replace(module.Name, RoundedModules.Linear(module, [.. matrices.Select(matrix => matrix.Tensor)]));
    }

    /// <summary>The matrices of a module as they are now.</summary>
    public IEnumerable<RoundedMatrix> Matrices(string module) =>
        _modules[module].Select(matrix => new RoundedMatrix(matrix.Tensor.Name, matrix.Matrix, null));

    /// <summary>Takes some steps, at first longer and then shorter ones, through the sequences in order, again and again.</summary>
    public void Run(int steps, string stage)
    {
        int atOnce = Math.Clamp(TokensPerStep / _tokens.Length, 1, _tokens.Sequences),
            next = 0;
        for (int step = 0; step < steps; step++)
        {
            double divergence = 0;
            _seen.Clear();
            int count = Math.Min(atOnce, _tokens.Sequences - next);
            Accumulate(next, count, ref divergence);
            next = (next + count) % _tokens.Sequences;
            float share = Share(step, steps);
            var matrices = _modules.Values.SelectMany(matrices => matrices).ToList();
            _context.Backend.LinearAlgebra.ForEach(matrices.Count, i => matrices[i].Step(share * Rate, share * ScaleRate));
            string detail = FormattableString.Invariant($"step {step + 1}/{steps}, divergence {divergence / (count * _tokens.Length):F4}");
            _context.Progress.Report(new StageProgress(stage, detail, step + 1, steps));
        }
    }

    /// <inheritdoc/>
    public void Gradient(LinearModule module, Tensor x, Tensor dy)
    {
        if (!_modules.TryGetValue(module.Name, out var matrices))
            return;
        var backend = _context.Backend;
        float keep = _seen.Add(module.Name) ? Momentum : 1;
        if (module is not LowRankLinear factors)
        {
            Gather(matrices[0], keep, dy, x);
            return;
        }
        using Tensor z = backend.Allocate(x.Rows, factors.B.Rows),
            dz = backend.Allocate(x.Rows, factors.B.Rows);
        backend.Linear(x, factors.B, null, z);
        backend.LinearBackward(dy, factors.A, dz);
        Gather(matrices[0], keep, dy, z);
        Gather(matrices[1], keep, dz, x);
    }

    // momentum ← keep · momentum + dyᵀ x
    private void Gather(TrainedMatrix matrix, float keep, Tensor dy, Tensor x)
    {
        var backend = _context.Backend;
        using var product = backend.Allocate(dy.Columns, x.Columns);
        backend.MatMul(dy, true, x, false, product);
        var gradient = new float[product.Length];
        backend.Download(product, gradient);
        float[] momentum = matrix.Momentum;
        backend.LinearAlgebra.ForEach(
            (gradient.Length + NumbersAtOnce - 1) / NumbersAtOnce,
            part =>
            {
                int end = Math.Min(gradient.Length, (part + 1) * NumbersAtOnce);
                for (int i = part * NumbersAtOnce; i < end; i++)
                    momentum[i] = keep * momentum[i] + gradient[i];
            }
        );
    }

    // The gradient of one batch alone is no direction for all weights at once: the first quarter of the steps grows while the momentum
    // gathers.
    private static float Share(int step, int steps) => Math.Min((step + 1f) / (steps / 4 + 1), 1) * (steps - step) / steps;

    private void Accumulate(int first, int count, ref double divergence)
    {
        var losses = new double[count];
        ForwardBackward.Run(
            Model,
            _context.Backend,
            _tokens.Rows(first, count),
            _tokens.Length,
            losses,
            this,
            _context.Pass(_tokens.Length),
            null,
            _context.Cancellation,
            (batch, hidden, batchLosses, dHidden) => batchLosses[0] = _dense.Divergence(Model, hidden, first + batch, dHidden)
        );
        divergence = losses.Sum();
    }
}
