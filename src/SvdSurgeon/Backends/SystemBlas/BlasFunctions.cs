using System.Runtime.InteropServices;

namespace SvdSurgeon.Backends.SystemBlas;

/// <summary>
/// The functions that are called, with 32-bit integers. BLAS through its C interface (row-major), LAPACK through its Fortran one
/// (column-major, everything by address, the lengths of strings last).
/// </summary>
internal sealed unsafe class BlasFunctions
{
    public const int RowMajor = 101,
        NoTranspose = 111,
        Transpose = 112,
        Lower = 122,
        NonUnit = 131,
        Left = 141,
        Right = 142;

    public readonly delegate* unmanaged[Cdecl]<
        int,
        int,
        int,
        int,
        int,
        int,
        float,
        float*,
        int,
        float*,
        int,
        float,
        float*,
        int,
        void> Sgemm;
    public readonly delegate* unmanaged[Cdecl]<
        int,
        int,
        int,
        int,
        int,
        int,
        double,
        double*,
        int,
        double*,
        int,
        double,
        double*,
        int,
        void> Dgemm;
    public readonly delegate* unmanaged[Cdecl]<int, int, int, int, int, int, int, double, double*, int, double*, int, void> Dtrsm;
    public readonly delegate* unmanaged[Cdecl]<byte*, int*, double*, int*, int*, nuint, void> Dpotrf;
    public readonly delegate* unmanaged[Cdecl]<
        byte*,
        byte*,
        int*,
        double*,
        int*,
        double*,
        double*,
        int*,
        int*,
        int*,
        int*,
        nuint,
        nuint,
        void> Dsyevd;

    /// <param name="library">The loaded library.</param>
    /// <exception cref="EntryPointNotFoundException">The message is the name of the function that is not there.</exception>
    public BlasFunctions(nint library)
    {
        Sgemm = (delegate* unmanaged[Cdecl]<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)Find(
            "cblas_sgemm"
        );
        Dgemm = (delegate* unmanaged[Cdecl]<
            int,
            int,
            int,
            int,
            int,
            int,
            double,
            double*,
            int,
            double*,
            int,
            double,
            double*,
            int,
            void>)Find("cblas_dgemm");
        Dtrsm = (delegate* unmanaged[Cdecl]<int, int, int, int, int, int, int, double, double*, int, double*, int, void>)Find(
            "cblas_dtrsm"
        );
        Dpotrf = (delegate* unmanaged[Cdecl]<byte*, int*, double*, int*, int*, nuint, void>)Find("dpotrf_");
        Dsyevd = (delegate* unmanaged[Cdecl]<
            byte*,
            byte*,
            int*,
            double*,
            int*,
            double*,
            double*,
            int*,
            int*,
            int*,
            int*,
            nuint,
            nuint,
            void>)Find("dsyevd_");

        nint Find(string name) => Export(library, name) is var address and not 0 ? address : throw new EntryPointNotFoundException(name);
    }

    /// <summary>Address of a function, 0 where there is none.</summary>
    public static nint Export(nint library, string name) => NativeLibrary.TryGetExport(library, name, out nint address) ? address : 0;
}
