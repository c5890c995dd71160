using ILGPU.Runtime;
using ManagedCuda.BasicTypes;
using ManagedCuda.CudaBlas;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>
/// cuBLAS and cuSOLVER through ManagedCuda, in the CUDA context and on the stream of ILGPU. Matrices here are row-major and theirs are column-major: a
/// row-major matrix is their transpose, so c = op(a) op(b) is asked for as cᵀ = op(b)ᵀ op(a)ᵀ with the operands swapped and nothing copied.
/// docs/GPU.md lists what was checked of every call.
/// </summary>
internal sealed unsafe class CudaLibraries : IVendorLibraries
{
    private readonly Lock _gate = new(); // handles belong to one thread at a time, and decompositions are asked for from several
    private readonly Accelerator _accelerator;
    private readonly CudaBlasHandle _blas;
    private readonly CudaSolver _solver;

    /// <param name="accelerator">Whose context is current for every call, and whose memory the pool hands out.</param>
    /// <param name="stream">The stream of the backend's kernels.</param>
    /// <param name="nativeStream">The same as the driver knows it.</param>
    /// <param name="pool">Workspaces.</param>
    public CudaLibraries(Accelerator accelerator, AcceleratorStream stream, nint nativeStream, DevicePool pool)
    {
        _accelerator = accelerator;
        var native = new CUstream { Pointer = nativeStream };
        accelerator.Bind(); // a handle belongs to the context that is current when it is made
        Check(CudaBlasNativeMethods.cublasCreate_v2(ref _blas), "cublasCreate");
        Check(CudaBlasNativeMethods.cublasSetStream_v2(_blas, native), "cublasSetStream");
        int version = 0;
        Check(CudaBlasNativeMethods.cublasGetVersion_v2(_blas, ref version), "cublasGetVersion");
        _solver = new CudaSolver(accelerator, stream, native, pool, _blas, _gate);
        Description = $"cuBLAS {version / 10000}.{version / 100 % 100}.{version % 100}";
    }

    public string Description { get; }

    public ILinearAlgebra LinearAlgebra => _solver;

    public void Multiply(in Product p)
    {
        using var turn = _gate.EnterScope();
        _accelerator.Bind();
        float one = 1, add = p.Accumulate ? 1 : 0;
        var type = p.Type switch
        {
            DType.F32 => cudaDataType.CUDA_R_32F,
            DType.BF16 => cudaDataType.CUDA_R_16BF,
            DType.F16 => cudaDataType.CUDA_R_16F,
            _ => throw new ArgumentException($"cuBLAS takes no {p.Type}.", nameof(p)),
        };
        var compute = p.Type == DType.F32 && p.TensorCores ? ComputeType.Compute32FFastTF32 : ComputeType.Compute32F;
        Check(CudaBlasNativeMethods.cublasGemmEx(_blas, Transposed(p.TransposeB), Transposed(p.TransposeA), p.N, p.M, p.K, (nint)(&one), Device(p.B), type,
            p.TransposeB ? p.K : p.N, Device(p.A), type, p.TransposeA ? p.M : p.K, (nint)(&add), Device(p.C), cudaDataType.CUDA_R_32F, p.N, compute, GemmAlgo.Default),
            "cublasGemmEx");
    }

    public void SymmetricProduct(nint x, int rows, int n, nint c, bool tensorCores)
    {
        using var turn = _gate.EnterScope();
        _accelerator.Bind();
        float one = 1, zero = 0;
        if (tensorCores) Check(CudaBlasNativeMethods.cublasSetMathMode(_blas, ManagedCuda.CudaBlas.Math.TF32TensorOpMath), "cublasSetMathMode");
        // Row-major lower is column-major upper; the row-major x is their n × rows.
        var status = CudaBlasNativeMethods.cublasSsyrk_v2(_blas, FillMode.Upper, Operation.NonTranspose, n, rows, ref one, Device(x), n, ref zero, Device(c), n);
        if (tensorCores) Check(CudaBlasNativeMethods.cublasSetMathMode(_blas, ManagedCuda.CudaBlas.Math.DefaultMath), "cublasSetMathMode");
        Check(status, "cublasSsyrk");
    }

    public void Dispose()
    {
        _accelerator.Bind();
        _solver.Dispose();
        CudaBlasNativeMethods.cublasDestroy_v2(_blas);
    }

    internal static CUdeviceptr Device(nint address) => new((ulong)address);

    internal static Operation Transposed(bool transpose) => transpose ? Operation.Transpose : Operation.NonTranspose;

    internal static void Check(CublasStatus status, string call)
    {
        if (status != CublasStatus.Success) throw new NumericalException($"{call} failed: {status}. svdsurgeon devices shows which cuBLAS was loaded.");
    }
}
