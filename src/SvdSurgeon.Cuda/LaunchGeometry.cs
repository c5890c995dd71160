using ILGPU;
using ILGPU.Runtime;

namespace SvdSurgeon.Cuda;

/// <summary>Launch shapes for a device: full groups on a GPU, the smallest that still take every path on ILGPU's CPU accelerator.</summary>
internal sealed class LaunchGeometry
{
    private readonly int _maxGroups;

    public LaunchGeometry(Accelerator accelerator)
    {
        bool gpu = accelerator.AcceleratorType == AcceleratorType.Cuda;
        WarpSize = accelerator.WarpSize;
        Group = gpu ? 256 : 2 * WarpSize;
        TileThreads = gpu ? 16 : WarpSize;
        Multiprocessors = accelerator.NumMultiprocessors;
        _maxGroups = gpu ? 32 * Multiprocessors : 4;
    }

    /// <summary>Threads of a warp.</summary>
    public int WarpSize { get; }

    /// <summary>Threads of a one-dimensional group, a whole number of warps.</summary>
    public int Group { get; }

    /// <summary>Threads per axis of the square groups that work on tiles.</summary>
    public int TileThreads { get; }

    /// <summary>Multiprocessors of the device.</summary>
    public int Multiprocessors { get; }

    /// <summary>One thread per number up to a full device, which then strides.</summary>
    public KernelConfig Flat(long count) => new((int)Math.Clamp((count + Group - 1) / Group, 1, _maxGroups), Group);

    /// <summary>One group per row.</summary>
    public KernelConfig Rows(int rows) => new(rows, Group);

    /// <summary>One warp per row.</summary>
    public KernelConfig Warps(int rows) => new(rows, WarpSize);

    /// <summary>Rows along x, blocks of columns along y.</summary>
    public KernelConfig Matrix(int rows, int columns) => new(new Index2D(rows, Ceiling(columns, Group)), new Index2D(Group, 1));

    /// <summary>Blocks of columns along x.</summary>
    public KernelConfig Columns(int columns, int y, int z = 1) =>
        Grid(new Index3D(Ceiling(columns, Group), y, z), new Index3D(Group, 1, 1));

    /// <summary>Square groups; tiles of 4 numbers per thread an axis.</summary>
    public KernelConfig Tiles(int x, int y, int z = 1) => Grid(new Index3D(x, y, z), new Index3D(TileThreads, TileThreads, 1));

    /// <summary>Tiles that cover a length.</summary>
    public int TilesFor(int length) => Ceiling(length, 4 * TileThreads);

    /// <summary>Blocks of columns of a head that one attention group can hold.</summary>
    public int HeadSlices(int headDim) => Ceiling(headDim, 8 * TileThreads);

    /// <summary>Into how many parts to cut the tokens so that groups · parts fill the device, at least 64 tokens per part.</summary>
    public int Splits(int tokens, int groups) => Math.Clamp(Ceiling(8 * Multiprocessors, groups), 1, Math.Max(1, tokens / 64));

    // CUDA's limit for the second and third axis of a grid: sequences, and sequences times heads, stand there.
    private static KernelConfig Grid(Index3D grid, Index3D group) =>
        Math.Max(grid.Y, grid.Z) <= 65535
            ? new(grid, group)
            : throw new InvalidInputException(
                $"{Math.Max(grid.Y, grid.Z)} sequences times heads at once are too many for a launch, which takes 65535: use fewer "
                    + $"sequences at once."
            );

    private static int Ceiling(int a, int b) => (a + b - 1) / b;
}
