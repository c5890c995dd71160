using SvdSurgeon.Tensors;

namespace SvdSurgeon.Quantization;

/// <summary>
/// A matrix on a grid that learns by signed gradient steps (SignRound, 2309.05516): every number has a position u in units of its scale, of
/// which the integer is the nearest, and moves by the rate against the gradient's sign; scales move likewise, relative to their size. The
/// matrix that computes changes with it.
/// </summary>
internal sealed class TrainedMatrix
{
    private readonly QuantizedMatrix _matrix;
    private readonly float[] _positions;
    private readonly float[] _scales;

    /// <param name="name">Name of the tensor that computes.</param>
    /// <param name="start">Where it begins; its integers and scales change from here on.</param>
    /// <param name="positions">What was rounded to the integers, in units of the scales.</param>
    public TrainedMatrix(string name, QuantizedMatrix start, float[] positions)
    {
        (_matrix, _positions) = (start, positions);
        _scales = [.. start.Scales.Select(scale => (float)scale)];
        // A number far beyond the grid's end would never come back.
        for (int i = 0; i < positions.Length; i++)
            positions[i] = Math.Clamp(positions[i], start.Grid.Least - 0.5f, start.Grid.Most + 0.5f);
        Momentum = new float[positions.Length];
        Tensor = GgufBlocks.Store(name, start);
    }

    /// <summary>What the model computes with.</summary>
    public StoredTensor Tensor { get; }

    /// <summary>Integers and scales as they are now.</summary>
    public QuantizedMatrix Matrix => _matrix;

    /// <summary>
    /// Where gradients gather, ∂L/∂W, m × n, row-major; only their signs and their sums within groups matter.
    /// </summary>
    public float[] Momentum { get; }

    /// <summary>One step against <see cref="Momentum"/>.</summary>
    /// <param name="rate">How far a position moves, in units of the scale.</param>
    /// <param name="scaleRate">How far a scale moves, relative to its size.</param>
    public void Step(float rate, float scaleRate)
    {
        int group = _matrix.Grid.Group;
        float least = _matrix.Grid.Least,
            most = _matrix.Grid.Most;
        for (int g = 0; g < _scales.Length; g++)
        {
            var slope = Momentum.AsSpan(g * group, group);
            var codes = _matrix.Codes.AsSpan(g * group, group);
            var positions = _positions.AsSpan(g * group, group);
            float along = 0;
            for (int j = 0; j < group; j++)
                along += slope[j] * codes[j];
            float scale = _scales[g],
                step = scale < 0 ? -rate : rate;
            _scales[g] = scale * (1 - scaleRate * Math.Sign(along * scale));
            for (int j = 0; j < group; j++)
            {
                float moved =
                    positions[j]
                    - (
                        slope[j] > 0 ? step
                        : slope[j] < 0 ? -step
                        : 0
                    );
                positions[j] = moved = Math.Clamp(moved, least - 0.5f, most + 0.5f);
                codes[j] = (sbyte)Math.Clamp(MathF.Round(moved), least, most);
            }
            _matrix.Scales[g] = (Half)_scales[g];
        }
        GgufBlocks.Overwrite(Tensor, _matrix);
    }
}
