namespace SvdSurgeon.Compression.Methods;

/// <summary>W = U Σ Vᵀ as it is: the least change of the weights themselves, whatever the inputs are.</summary>
internal sealed class PlainSvd : CompressionMethod
{
    public override string Name => "svd";
    public override string Sentence => "plain truncated SVD";
}
