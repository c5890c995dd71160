using SvdSurgeon.Tensors;

namespace SvdSurgeon.Models.Blocks;

/// <summary>
/// A block with its norms: stream ← onSum(stream + scale · after(block(before(input)))). What the norm before the block gives is not kept
/// but computed again.
/// </summary>
internal sealed class Branch(IBlock block, INorm? before, INorm? after, INorm? onSum, float scale, int width)
{
    public IBlock Block => block;

    /// <summary>Numbers that it keeps of each token between forward and backward, its input not counted.</summary>
    public long KeptPerToken =>
        block.KeptPerToken
        + (before?.StatisticsPerRow ?? 0)
        + (after is null ? 0 : width + after.StatisticsPerRow)
        + (onSum is null ? 0 : width + onSum.StatisticsPerRow);

    // With neither a norm nor a factor the block adds to the stream by itself.
    private bool AddsItself => after is null && scale == 1;

    /// <summary>Adds to <paramref name="stream"/> what the block makes of <paramref name="input"/>; they may be the same.</summary>
    /// <returns>False where the pass ends before the sum.</returns>
    public bool Forward(LayerPass pass, Tensor input, Tensor stream)
    {
        var kept = pass.Activations.Of<Kept>(this);
        kept.Input = input;
        if (!Read(pass, kept) || !Add(pass, kept, stream))
            return false;
        if (onSum is null)
            return true;
        kept.SumStatistics = pass.Allocate(onSum.StatisticsPerRow, pass.Tokens);
        var sum = kept.Sum = pass.Allocate(pass.Tokens, width);
        pass.Backend.Copy(stream, sum);
        onSum.Forward(pass.Backend, sum, stream, kept.SumStatistics);
        return true;
    }

    /// <summary>
    /// dInput += the gradient that comes through the block from <paramref name="dStream"/>, which may be the same tensor.
    /// </summary>
    public void Backward(LayerPass pass, Tensor dStream, Tensor dInput)
    {
        var (backend, kept) = (pass.Backend, pass.Activations.Of<Kept>(this));
        if (onSum is not null)
        {
            using var dSum = backend.Allocate(pass.Tokens, width);
            onSum.Backward(backend, dStream, kept.Sum, kept.SumStatistics, dSum);
            backend.Copy(dSum, dStream);
        }
        if (AddsItself)
            block.WriteBackward(pass, dStream);
        else
        {
            using var dOutput = GradientAtOutput(pass, kept, dStream);
            block.WriteBackward(pass, dOutput);
        }
        if (before is null)
        {
            block.ReadBackward(pass, kept.Input, dInput, accumulate: true);
            return;
        }
        using var normed = backend.Allocate(pass.Tokens, width);
        if (pass.Visitor is not null)
            before.Forward(backend, kept.Input, normed, kept.Statistics);
        var dNormed = normed;
        block.ReadBackward(pass, normed, dNormed, accumulate: false);
        before.Backward(backend, dNormed, kept.Input, kept.Statistics, dInput, accumulate: true);
    }

    private bool Read(LayerPass pass, Kept kept)
    {
        if (before is null)
            return block.Read(pass, kept.Input);
        kept.Statistics = pass.Allocate(before.StatisticsPerRow, pass.Tokens);
        using var normed = pass.Backend.Allocate(pass.Tokens, width);
        before.Forward(pass.Backend, kept.Input, normed, kept.Statistics);
        return block.Read(pass, normed);
    }

    private bool Add(LayerPass pass, Kept kept, Tensor stream)
    {
        if (AddsItself)
            return block.Write(pass, stream, accumulate: true);
        using var added = pass.Backend.Allocate(pass.Tokens, width);
        if (after is null)
        {
            if (!block.Write(pass, added, accumulate: false))
                return false;
        }
        else
        {
            kept.Output = pass.Allocate(pass.Tokens, width);
            kept.OutputStatistics = pass.Allocate(after.StatisticsPerRow, pass.Tokens);
            if (!block.Write(pass, kept.Output, accumulate: false))
                return false;
            after.Forward(pass.Backend, kept.Output, added, kept.OutputStatistics);
        }
        pass.Backend.AddScaled(added, scale, stream);
        return true;
    }

    private Tensor GradientAtOutput(LayerPass pass, Kept kept, Tensor dStream)
    {
        var (backend, gradient) = (pass.Backend, pass.Backend.Allocate(pass.Tokens, width));
        if (after is not null)
            after.Backward(backend, dStream, kept.Output, kept.OutputStatistics, gradient);
        else
            backend.Copy(dStream, gradient);
        if (scale == 1)
            return gradient;
        var scaled = backend.Allocate(pass.Tokens, width);
        backend.Fill(scaled, 0);
        backend.AddScaled(gradient, scale, scaled);
        gradient.Dispose();
        return scaled;
    }

    private sealed class Kept
    {
        public Tensor Input { get; set; } = null!;
        public Tensor Statistics { get; set; } = null!;
        public Tensor Output { get; set; } = null!;
        public Tensor OutputStatistics { get; set; } = null!;
        public Tensor Sum { get; set; } = null!;
        public Tensor SumStatistics { get; set; } = null!;
    }
}
