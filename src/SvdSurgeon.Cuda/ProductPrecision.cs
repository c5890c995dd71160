namespace SvdSurgeon.Cuda;

/// <summary>How products with weights are computed on the device.</summary>
public enum ProductPrecision
{
    /// <summary>Weights widened to float32, float32 arithmetic: the numbers of the CPU backend to rounding.</summary>
    Float32,

    /// <summary>
    /// Weights widened to float32, tensor cores on TF32 (10 bits of fraction in, float32 sums). Weights in fp16 lose nothing.
    /// </summary>
    TensorFloat32,

    /// <summary>
    /// Activations rounded to bf16 where the weight is bf16, tensor cores, float32 sums; other weights as with <see cref="TensorFloat32"/>.
    /// fp16 is left out because gradients fall below its range.
    /// </summary>
    BFloat16,
}
