using System.Runtime.CompilerServices;
using SvdSurgeon.Cuda.VendorLibraries.Loading;

namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>
/// cusolverDnXsyevBatched, the symmetric eigen-decomposition of many matrices of one size. CUDA 12.6 and later have it, so its address is
/// asked for at run time. Signature: cusolverDn.h of CUDA 12.6 and 13.2.
/// </summary>
internal sealed unsafe class BatchedEigen
{
    private readonly delegate* unmanaged<
        nint,
        nint,
        EigenMode,
        FillMode,
        long,
        DataType,
        ulong,
        long,
        DataType,
        ulong,
        DataType,
        nuint*,
        nuint*,
        long,
        int> _size;
    private readonly delegate* unmanaged<
        nint,
        nint,
        EigenMode,
        FillMode,
        long,
        DataType,
        ulong,
        long,
        DataType,
        ulong,
        DataType,
        ulong,
        nuint,
        void*,
        nuint,
        ulong,
        long,
        int> _run;

    private BatchedEigen(nint size, nint run)
    {
        _size = (delegate* unmanaged<
            nint,
            nint,
            EigenMode,
            FillMode,
            long,
            DataType,
            ulong,
            long,
            DataType,
            ulong,
            DataType,
            nuint*,
            nuint*,
            long,
            int>)size;
        _run = (delegate* unmanaged<
            nint,
            nint,
            EigenMode,
            FillMode,
            long,
            DataType,
            ulong,
            long,
            DataType,
            ulong,
            DataType,
            ulong,
            nuint,
            void*,
            nuint,
            ulong,
            long,
            int>)run;
    }

    /// <summary>The functions, or null where the loaded cuSOLVER has none.</summary>
    public static BatchedEigen? Find()
    {
        nint size = NativeLibraries.SolverFunction("cusolverDnXsyevBatched_bufferSize"),
            run = NativeLibraries.SolverFunction("cusolverDnXsyevBatched");
        return size != 0 && run != 0 ? new BatchedEigen(size, run) : null;
    }

    /// <summary>Bytes of the workspaces for <paramref name="count"/> float64 matrices n × n, one after the other.</summary>
    public CusolverStatus Size(
        CusolverHandle handle,
        CusolverParameters parameters,
        int n,
        DevicePointer a,
        DevicePointer values,
        int count,
        out long onDevice,
        out long onHost
    )
    {
        nuint device = 0,
            host = 0;
        int status = _size(
            Unsafe.BitCast<CusolverHandle, nint>(handle),
            Unsafe.BitCast<CusolverParameters, nint>(parameters),
            EigenMode.Vector,
            FillMode.Upper,
            n,
            DataType.CUDA_R_64F,
            Address(a),
            n,
            DataType.CUDA_R_64F,
            Address(values),
            DataType.CUDA_R_64F,
            &device,
            &host,
            count
        );
        (onDevice, onHost) = (checked((long)device), checked((long)host));
        return (CusolverStatus)status;
    }

    /// <summary>Ascending values; vectors in the columns of each matrix; reads their upper triangles. One devInfo per matrix.</summary>
    public CusolverStatus Run(
        CusolverHandle handle,
        CusolverParameters parameters,
        int n,
        DevicePointer a,
        DevicePointer values,
        DevicePointer work,
        long bytesOnDevice,
        byte[] onHost,
        long bytesOnHost,
        DevicePointer info,
        int count
    )
    {
        fixed (byte* host = onHost)
            return (CusolverStatus)_run(
                Unsafe.BitCast<CusolverHandle, nint>(handle),
                Unsafe.BitCast<CusolverParameters, nint>(parameters),
                EigenMode.Vector,
                FillMode.Upper,
                n,
                DataType.CUDA_R_64F,
                Address(a),
                n,
                DataType.CUDA_R_64F,
                Address(values),
                DataType.CUDA_R_64F,
                Address(work),
                (nuint)bytesOnDevice,
                host,
                (nuint)bytesOnHost,
                Address(info),
                count
            );
    }

    // One number wide in both sets of declarations.
    private static ulong Address(DevicePointer pointer) => Unsafe.BitCast<DevicePointer, ulong>(pointer);
}
