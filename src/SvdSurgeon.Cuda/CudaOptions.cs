namespace SvdSurgeon.Cuda;

/// <summary>Settings of a <see cref="CudaBackend"/>.</summary>
public sealed record CudaOptions
{
    /// <summary>Arithmetic of the products; see docs/GPU.md for what each costs in accuracy.</summary>
    public ProductPrecision Precision { get; init; } = ProductPrecision.Float32;

    /// <summary>Bytes of device memory that may be used; 0 for all that is free.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>
    /// Bytes of device memory for weights in their storage type; 0 for 60 % of what may be used. Weights beyond it are streamed in when
    /// they are used.
    /// </summary>
    public long WeightBytes { get; init; }

    /// <summary>Rows of logits at once are as many as fit in this many bytes.</summary>
    public long LogitBytes { get; init; } = 256L << 20;

    /// <summary>Where one way of computing gives way to another.</summary>
    public CudaLimits Limits { get; init; } = new();
}
