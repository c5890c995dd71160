using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>
/// c[m, n] = op(a) op(b), or c += op(a) op(b); row-major, c float32. a and b are of one type: float32, bf16 or fp16, summed in float32.
/// </summary>
/// <param name="M">Rows of c.</param>
/// <param name="N">Columns of c.</param>
/// <param name="K">The common dimension.</param>
/// <param name="A">Address of a: m × k, or k × m when transposed.</param>
/// <param name="TransposeA">op(a) = aᵀ.</param>
/// <param name="B">Address of b: k × n, or n × k when transposed.</param>
/// <param name="TransposeB">op(b) = bᵀ.</param>
/// <param name="C">Address of c.</param>
/// <param name="Type">F32, BF16 or F16.</param>
/// <param name="Accumulate">Add to c.</param>
/// <param name="TensorCores">Float32 inputs may be rounded to TF32 (10 bits of fraction).</param>
internal readonly record struct Product(
    int M,
    int N,
    int K,
    nint A,
    bool TransposeA,
    nint B,
    bool TransposeB,
    nint C,
    DType Type = DType.F32,
    bool Accumulate = false,
    bool TensorCores = false
);
