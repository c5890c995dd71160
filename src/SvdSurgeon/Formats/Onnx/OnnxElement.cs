namespace SvdSurgeon.Formats.Onnx;

/// <summary>Types of numbers in ONNX tensors, by the numbers that TensorProto.DataType gives them (onnx.proto).</summary>
internal enum OnnxElement
{
    /// <summary>IEEE binary32.</summary>
    Float = 1,

    /// <summary>Unsigned byte; also the container of packed 4-bit weights.</summary>
    UInt8 = 2,

    /// <summary>Signed 32-bit integer.</summary>
    Int32 = 6,

    /// <summary>Signed 64-bit integer.</summary>
    Int64 = 7,

    /// <summary>IEEE binary16.</summary>
    Float16 = 10,
}
