using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.Decompositions;
using SvdSurgeon.Backends.SystemBlas;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Benchmarks;

/// <summary>The system's OpenBLAS or MKL as a baseline, through the binding of --blas.</summary>
internal static unsafe class SystemBlas
{
    private static readonly BlasLibrary? s_library = Open();

    public static bool IsAvailable => s_library is not null;

    public static BlasLibrary Library => s_library ?? throw new InvalidOperationException("No OpenBLAS or MKL was found.");

    public static BlasFunctions Functions => Library.Functions;

    /// <summary>LAPACK's decompositions, on as many threads as the library has.</summary>
    public static ILinearAlgebra Algebra { get; } =
        s_library is null ? new ManagedLinearAlgebra(new ThreadTeam(1)) : new SystemLinearAlgebra(new ThreadTeam(1), s_library);

    /// <summary>Xᵀ X or X Xᵀ, one triangle.</summary>
    public static delegate* unmanaged[Cdecl]<int, int, int, int, int, float, float*, int, float, float*, int, void> Ssyrk { get; } =
        (delegate* unmanaged[Cdecl]<int, int, int, int, int, float, float*, int, float, float*, int, void>)Export("cblas_ssyrk");

    /// <summary>Singular values and vectors by divide and conquer.</summary>
    public static delegate* unmanaged[Cdecl]<
        byte*,
        int*,
        int*,
        float*,
        int*,
        float*,
        float*,
        int*,
        float*,
        int*,
        float*,
        int*,
        int*,
        int*,
        nuint,
        void> Sgesdd { get; } =
        (delegate* unmanaged[Cdecl]<
            byte*,
            int*,
            int*,
            float*,
            int*,
            float*,
            float*,
            int*,
            float*,
            int*,
            float*,
            int*,
            int*,
            int*,
            nuint,
            void>)Export("sgesdd_");

    /// <summary>The same in float64.</summary>
    public static delegate* unmanaged[Cdecl]<
        byte*,
        int*,
        int*,
        double*,
        int*,
        double*,
        double*,
        int*,
        double*,
        int*,
        double*,
        int*,
        int*,
        int*,
        nuint,
        void> Dgesdd { get; } =
        (delegate* unmanaged[Cdecl]<
            byte*,
            int*,
            int*,
            double*,
            int*,
            double*,
            double*,
            int*,
            double*,
            int*,
            double*,
            int*,
            int*,
            int*,
            nuint,
            void>)Export("dgesdd_");

    private static nint Export(string name) => s_library is null ? 0 : BlasFunctions.Export(s_library.Handle, name);

    private static BlasLibrary? Open()
    {
        var library = BlasLibrary.Find();
        library?.SetThreads(Environment.ProcessorCount);
        return library;
    }
}
