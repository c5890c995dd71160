using System.Globalization;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>Weight files of at most this size on disk.</summary>
/// <param name="Bytes">Above 0.</param>
internal sealed record SizeTarget(long Bytes) : CompressionTarget
{
    /// <inheritdoc/>
    public override string Text => $"--target-size {Megabytes(Bytes)}";

    internal static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.######}MB");
}
