using System.Runtime.CompilerServices;
using ILGPU;

namespace SvdSurgeon.Kernels;

/// <summary>
/// The closed forms of SVD-Surgeon for many modules at once, one group per module: launch (modules), g threads, a whole number of warps.
/// Meant for pools up to a few hundred values; larger systems go to cuSOLVER. Float64; no shared memory; the matrix stays in the L2 cache.
/// status[module] is 0, or 1 + the column whose pivot was only rounding or below 0: that module's results are then left alone, and the
/// caller solves it another way.
/// </summary>
public static class SurgeonKernels
{
    // As the library's PositiveDefinite: pivots below this fraction of the largest diagonal number, times the size, are rounding.
    private const double PivotFloor = 1e-15;

    /// <summary>
    /// OBS saliency s_i = σ_i² / [(H̄ + η·d·I)⁻¹]_ii for all i of the pool, d = max(mean(diag H̄), 1e-12). Cholesky, then one column of the
    /// inverse factor per thread: k³/3 + k³/6 multiply-adds; 2 × 8k² bytes of scratch.
    /// </summary>
    public static void Saliency(
        ArrayView<SurgeonSystem> systems,
        ArrayView<double> fisher,
        ArrayView<double> sigma,
        ArrayView<double> scratch,
        ArrayView<double> saliency,
        ArrayView<int> status,
        double damping
    )
    {
        var s = systems[Grid.IdxX];
        int k = s.Pool;
        double trace = 0,
            largest = 0;
        for (int i = 0; i < k; i++)
        {
            double diagonal = fisher[s.Fisher + (long)i * k + i];
            trace += diagonal;
            largest = diagonal > largest ? diagonal : largest;
        }
        double mean = trace / k;
        double add = damping * (mean > 1e-12 ? mean : 1e-12);
        for (int e = Group.IdxX; e < k * k; e += Group.DimX)
        {
            int i = e / k,
                j = e - i * k;
            scratch[s.Scratch + e] = fisher[s.Fisher + e] + (i == j ? add : 0.0);
        }
        Group.Barrier();
        int failed = Cholesky(scratch, s.Scratch, k, PivotFloor * k * (largest + add));
        if (Group.IdxX == 0)
            status[Grid.IdxX] = failed;
        if (failed != 0)
            return;
        long columns = s.Scratch + (long)k * k; // number j of column i stands at j·k + i: neighbouring threads, neighbouring numbers
        for (int i = Group.IdxX; i < k; i += Group.DimX)
        {
            double squares = 0;
            for (int j = i; j < k; j++)
            {
                double v = i == j ? 1.0 : 0.0;
                for (int l = i; l < j; l++)
                    v -= scratch[s.Scratch + (long)j * k + l] * scratch[columns + (long)l * k + i];
                v /= scratch[s.Scratch + (long)j * k + j];
                scratch[columns + (long)j * k + i] = v;
                squares += v * v;
            }
            double value = sigma[s.Values + i];
            saliency[s.Values + i] = value * value / squares;
        }
    }

    /// <summary>
    /// δ_S = (H̄_SS + ε·d·I)⁻¹ H̄_SC σ_C with d = max(mean(diag H̄_SS), 1e-12), then result_S = max(σ_S + c·δ_S, 0), gather, factorization,
    /// both solves and the clamp in one launch. r³/3 + r(k − r) + 2r² multiply-adds; reads the kept rows of H̄ once.
    /// </summary>
    public static void Compensate(
        ArrayView<SurgeonSystem> systems,
        ArrayView<double> fisher,
        ArrayView<double> sigma,
        ArrayView<int> indices,
        ArrayView<double> scratch,
        ArrayView<double> result,
        ArrayView<int> status,
        double damping,
        double scale
    )
    {
        var s = systems[Grid.IdxX];
        int k = s.Pool,
            r = s.Kept;
        double trace = 0,
            largest = 0;
        for (int i = 0; i < r; i++)
        {
            int at = indices[s.Values + i];
            double diagonal = fisher[s.Fisher + (long)at * k + at];
            trace += diagonal;
            largest = diagonal > largest ? diagonal : largest;
        }
        double mean = trace / r;
        double add = damping * (mean > 1e-12 ? mean : 1e-12);
        for (int e = Group.IdxX; e < r * r; e += Group.DimX)
        {
            int i = e / r,
                j = e - i * r;
            scratch[s.Scratch + e] = Lower(fisher, s.Fisher, k, indices[s.Values + i], indices[s.Values + j]) + (i == j ? add : 0.0);
        }
        long b = s.Scratch + (long)r * r;
        for (int i = Group.IdxX; i < r; i += Group.DimX)
        {
            int row = indices[s.Values + i];
            double sum = 0;
            for (int c = r; c < k; c++)
            {
                int column = indices[s.Values + c];
                sum += Lower(fisher, s.Fisher, k, row, column) * sigma[s.Values + column];
            }
            scratch[b + i] = sum;
        }
        Group.Barrier();
        int failed = Cholesky(scratch, s.Scratch, r, PivotFloor * r * (largest + add));
        if (Group.IdxX == 0)
            status[Grid.IdxX] = failed;
        if (failed != 0)
            return;

        long x = b + r;
        // L x = b, a column at a time: all threads divide, each subtracts from its rows.
        for (int j = 0; j < r; j++)
        {
            double v = scratch[b + j] / scratch[s.Scratch + (long)j * r + j];
            if (Group.IdxX == 0)
                scratch[x + j] = v;
            for (int i = j + 1 + Group.IdxX; i < r; i += Group.DimX)
                scratch[b + i] -= scratch[s.Scratch + (long)i * r + j] * v;
            Group.Barrier();
        }
        // Lᵀ δ = x
        for (int j = r - 1; j >= 0; j--)
        {
            double v = scratch[x + j] / scratch[s.Scratch + (long)j * r + j];
            if (Group.IdxX == 0)
                scratch[b + j] = v;
            for (int i = Group.IdxX; i < j; i += Group.DimX)
                scratch[x + i] -= scratch[s.Scratch + (long)j * r + i] * v;
            Group.Barrier();
        }
        for (int i = Group.IdxX; i < r; i += Group.DimX)
        {
            double v = sigma[s.Values + indices[s.Values + i]] + scale * scratch[b + i];
            result[s.Values + i] = v < 0.0 ? 0.0 : v;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Lower(ArrayView<double> h, long start, int k, int i, int j) =>
        i >= j ? h[start + (long)i * k + j] : h[start + (long)j * k + i];

    // In place on the lower triangle, a column at a time; a warp takes a row of the trailing matrix. Every thread sees the same pivot, so
    // all return together.
    private static int Cholesky(ArrayView<double> a, long start, int n, double floor)
    {
        int warps = Group.DimX / Warp.WarpSize,
            warp = Group.IdxX / Warp.WarpSize,
            lane = Group.IdxX % Warp.WarpSize;
        int failed = 0;
        for (int j = 0; j < n && failed == 0; j++)
        {
            double pivot = a[start + (long)j * n + j];
            Group.Barrier(); // all have read the pivot
            if (!(pivot > floor) || !(pivot < double.PositiveInfinity))
                failed = j + 1;
            else
            {
                double root = Math.Sqrt(pivot);
                for (int i = j + Group.IdxX; i < n; i += Group.DimX)
                {
                    long at = start + (long)i * n + j;
                    a[at] = i == j ? root : a[at] / root;
                }
            }
            Group.Barrier();
            if (failed == 0)
                for (int i = j + 1 + warp; i < n; i += warps)
                {
                    double left = a[start + (long)i * n + j];
                    for (int l = j + 1 + lane; l <= i; l += Warp.WarpSize)
                        a[start + (long)i * n + l] -= left * a[start + (long)l * n + j];
                }
            Group.Barrier();
        }
        return failed;
    }
}
