namespace SvdSurgeon.Cuda;

/// <summary>How products with weights are computed on the device.</summary>
public enum ProductPrecision
{
    /// <summary>Weights widened to float32, float32 arithmetic: the numbers of the CPU backend to rounding.</summary>
    Float32,
    /// <summary>Weights widened to float32, tensor cores on TF32 (10 bits of fraction in, float32 sums). Weights in fp16 lose nothing.</summary>
    TensorFloat32,
    /// <summary>Activations rounded to bf16 where the weight is bf16, tensor cores, float32 sums; other weights as with <see cref="TensorFloat32"/>. fp16 is left out because gradients fall below its range.</summary>
    BFloat16,
}

/// <summary>Settings of a <see cref="CudaBackend"/>.</summary>
public sealed record CudaOptions
{
    /// <summary>Arithmetic of the products; see docs/GPU.md for what each costs in accuracy.</summary>
    public ProductPrecision Precision { get; init; } = ProductPrecision.Float32;

    /// <summary>Bytes of device memory that may be used; 0 for all that is free.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Bytes of device memory for weights in their storage type; 0 for 60 % of what may be used. Weights beyond it are streamed in when they are used.</summary>
    public long WeightBytes { get; init; }

    /// <summary>Rows of logits at once are as many as fit in this many bytes.</summary>
    public long LogitBytes { get; init; } = 256L << 20;
}
