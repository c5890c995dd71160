using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.Evaluation;

/// <summary>The distribution of a next token, from its logits.</summary>
internal readonly ref struct LogitRow
{
    private readonly ReadOnlySpan<float> _logits;
    private readonly double _logSumExp;

    /// <param name="logits">One number per word.</param>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    public unsafe LogitRow(ReadOnlySpan<float> logits)
    {
        _logits = logits;
        fixed (float* data = logits)
            _logSumExp = SoftmaxKernels.LogSumExp(data, logits.Length);
        if (!double.IsFinite(_logSumExp))
            throw new NumericalException(
                "The logits of a token are not finite. A weight of the model is NaN or infinite, or its numbers overflow in float32."
            );
        int likeliest = 0;
        for (int i = 1; i < logits.Length; i++)
            if (logits[i] > logits[likeliest])
                likeliest = i;
        Likeliest = likeliest;
    }

    /// <summary>The word with the largest logit; of equal ones the first.</summary>
    public int Likeliest { get; }

    /// <summary>log p of a word, in nats.</summary>
    public double LogProbability(int id) => _logits[id] - _logSumExp;
}
