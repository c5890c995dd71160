namespace SvdSurgeon.Cli.Output.Results;

/// <summary>A result that is larger than what it is made from is said to be so, before the work and after it.</summary>
internal static class SizeWarning
{
    /// <summary>A sentence; null where the result is smaller.</summary>
    /// <param name="name">What the result is called.</param>
    /// <param name="bytes">Size of its weight files, planned or real.</param>
    /// <param name="original">Size of the model's.</param>
    /// <param name="ranks">The result has fewer ranks, not fewer bits.</param>
    public static string? Of(string name, double bytes, double original, bool ranks) =>
        bytes < original
            ? null
            : FormattableString.Invariant($"{name}: {bytes / original:F1} times the size of the model it is made from ")
                + $"({Bytes.Text(bytes)}, the model {Bytes.Text(original)}), which is stored in few bits already. "
                + (ranks ? "Low rank is stored as fp16; --bits 4.5 makes it smaller." : "Ask for fewer bits.");
}
