namespace SvdSurgeon.Export.Onnx;

/// <summary>How the matrices of an ONNX model are stored (<c>--type</c>). What is not a matrix, and all arithmetic, is float32, or
/// float16 with
/// <see cref="F16"/>.</summary>
internal enum OnnxWeightType
{
    /// <summary>float32.</summary>
    F32,

    /// <summary>float16 throughout, activations too: for GPUs.</summary>
    F16,

    /// <summary>8 bits with a float32 scale per block of 32 along the input: 9 bits per weight.</summary>
    Int8,

    /// <summary>4 bits with a float32 scale per block of 32 along the input: 5 bits per weight.</summary>
    Int4,
}
