using ILGPU.Runtime;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.Cuda.VendorLibraries.Loading;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>
/// cuBLAS and cuSOLVER in the CUDA context and on the stream of ILGPU. Matrices here are row-major and theirs are column-major: a
/// row-major matrix is their transpose, so c = op(a) op(b) is asked for as cᵀ = op(b)ᵀ op(a)ᵀ with the operands swapped and nothing copied.
/// docs/GPU.md lists what was checked of every call.
/// </summary>
internal sealed unsafe class CudaLibraries : IVendorLibraries
{
    private readonly Lock _gate = new(); // handles belong to one thread at a time, and decompositions are asked for from several
    private readonly Accelerator _accelerator;
    private readonly CublasHandle _blas;
    private readonly CudaSolver _solver;

    /// <param name="accelerator">Whose context is current for every call, and whose memory the pool hands out.</param>
    /// <param name="stream">The stream of the backend's kernels.</param>
    /// <param name="nativeStream">The same as the driver knows it.</param>
    /// <param name="pool">Workspaces.</param>
    /// <param name="limits">Where one method of decomposition gives way to another.</param>
    public CudaLibraries(Accelerator accelerator, AcceleratorStream stream, nint nativeStream, DevicePool pool, CudaLimits limits)
    {
        _accelerator = accelerator;
        var native = new StreamHandle { Pointer = nativeStream };
        accelerator.Bind(); // a handle belongs to the context that is current when it is made
        Check(Cublas.cublasCreate_v2(ref _blas), "cublasCreate");
        Check(Cublas.cublasSetStream_v2(_blas, native), "cublasSetStream");
        _solver = new CudaSolver(accelerator, stream, native, pool, _blas, _gate, limits);
        var loaded = NativeLibraries.Report();
        Description = $"{loaded[1].Name} {loaded[1].Version}, {loaded[2].Name} {loaded[2].Version}";
    }

    public string Description { get; }

    public ILinearAlgebra LinearAlgebra => _solver;

    public void Multiply(in Product p)
    {
        using var turn = _gate.EnterScope();
        _accelerator.Bind();
        float one = 1,
            add = p.Accumulate ? 1 : 0;
        var type = p.Type switch
        {
            DType.F32 => DataType.CUDA_R_32F,
            DType.BF16 => DataType.CUDA_R_16BF,
            DType.F16 => DataType.CUDA_R_16F,
            _ => throw new ArgumentException($"cuBLAS takes no {p.Type}.", nameof(p)),
        };
        var compute = p.Type == DType.F32 && p.TensorCores ? ComputeType.Compute32FFastTF32 : ComputeType.Compute32F;
        Check(
            Cublas.cublasGemmEx(
                _blas,
                Transposed(p.TransposeB),
                Transposed(p.TransposeA),
                p.N,
                p.M,
                p.K,
                (nint)(&one),
                Device(p.B),
                type,
                p.TransposeB ? p.K : p.N,
                Device(p.A),
                type,
                p.TransposeA ? p.M : p.K,
                (nint)(&add),
                Device(p.C),
                DataType.CUDA_R_32F,
                p.N,
                compute,
                GemmAlgorithm.Default
            ),
            "cublasGemmEx"
        );
    }

    public void SymmetricProduct(nint x, int rows, int n, nint c, bool tensorCores)
    {
        using var turn = _gate.EnterScope();
        _accelerator.Bind();
        float one = 1,
            zero = 0;
        if (tensorCores)
            Check(Cublas.cublasSetMathMode(_blas, MathMode.TF32TensorOpMath), "cublasSetMathMode");
        // Row-major lower is column-major upper; the row-major x is their n × rows.
        var status = Cublas.cublasSsyrk_v2(
            _blas,
            FillMode.Upper,
            Operation.NonTranspose,
            n,
            rows,
            ref one,
            Device(x),
            n,
            ref zero,
            Device(c),
            n
        );
        if (tensorCores)
            Check(Cublas.cublasSetMathMode(_blas, MathMode.DefaultMath), "cublasSetMathMode");
        Check(status, "cublasSsyrk");
    }

    public void Dispose()
    {
        _accelerator.Bind();
        _solver.Dispose();
        Cublas.cublasDestroy_v2(_blas);
    }

    internal static DevicePointer Device(nint address) => new((ulong)address);

    internal static Operation Transposed(bool transpose) => transpose ? Operation.Transpose : Operation.NonTranspose;

    internal static void Check(CublasStatus status, string call)
    {
        if (status != CublasStatus.Success)
            throw new NumericalException($"{call} failed: {status}. svdsurgeon devices shows which cuBLAS was loaded.");
    }
}
