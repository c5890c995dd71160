using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;

namespace SvdSurgeon.Kernels;

/// <summary>
/// Reductions over a thread group: butterfly inside a warp, then every thread adds the warps' results in the same order, so that all
/// threads hold the same bits and a run repeats itself. The group is a whole number of warps; scratch holds one number per warp.
/// </summary>
internal static class GroupReduce
{
    /// <summary>Most warps in a group: 1024 threads of 32.</summary>
    public const int MaxWarps = 32;

    /// <summary>Σ of all threads' values, in every thread. Two barriers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(float value, ArrayView<float> scratch)
    {
        value = WarpExtensions.AllReduce<float, AddFloat>(value);
        if (Warp.IsFirstLane)
            scratch[Warp.WarpIdx] = value;
        Group.Barrier();
        int warps = Group.DimX / Warp.WarpSize;
        float sum = 0;
        for (int w = 0; w < warps; w++)
            sum += scratch[w];
        Group.Barrier();
        return sum;
    }

    /// <summary>The largest of all threads' values, in every thread. Two barriers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(float value, ArrayView<float> scratch)
    {
        value = WarpExtensions.AllReduce<float, MaxFloat>(value);
        if (Warp.IsFirstLane)
            scratch[Warp.WarpIdx] = value;
        Group.Barrier();
        int warps = Group.DimX / Warp.WarpSize;
        float max = scratch[0];
        for (int w = 1; w < warps; w++)
            max = IntrinsicMath.Max(max, scratch[w]);
        Group.Barrier();
        return max;
    }

    /// <summary>Σ in double. Two barriers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(double value, ArrayView<double> scratch)
    {
        value = WarpExtensions.AllReduce<double, AddDouble>(value);
        if (Warp.IsFirstLane)
            scratch[Warp.WarpIdx] = value;
        Group.Barrier();
        int warps = Group.DimX / Warp.WarpSize;
        double sum = 0;
        for (int w = 0; w < warps; w++)
            sum += scratch[w];
        Group.Barrier();
        return sum;
    }
}
