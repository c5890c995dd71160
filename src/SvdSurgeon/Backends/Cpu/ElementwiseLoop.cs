using System.Numerics;
using System.Runtime.CompilerServices;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>Runs an element-wise kernel over flat memory in fixed blocks; outputs may be inputs.</summary>
internal static unsafe class ElementwiseLoop
{
    // 64 KiB of floats: large enough to hide the cost of a work item, small enough to share evenly.
    private const int Block = 16384;

    public static void Run<T>(ThreadTeam team, float* x, float* y, long length)
        where T : IUnaryKernel =>
        team.Run(
            (int)((length + Block - 1) / Block),
            [MethodImpl(MethodImplOptions.AggressiveOptimization)]
            (item) =>
            {
                long first = (long)item * Block;
                int n = (int)Math.Min(Block, length - first);
                float* source = x + first,
                    destination = y + first;
                int i = 0;
                for (; i <= n - VectorMath.Lanes; i += VectorMath.Lanes)
                    T.Apply(Vector.Load(source + i)).Store(destination + i);
                if (i < n)
                    VectorMath.StorePartial(T.Apply(VectorMath.LoadPartial(source + i, n - i)), destination + i, n - i);
            }
        );

    public static void Run<T>(ThreadTeam team, float* x, float* y, float* z, long length)
        where T : IBinaryKernel =>
        team.Run(
            (int)((length + Block - 1) / Block),
            [MethodImpl(MethodImplOptions.AggressiveOptimization)]
            (item) =>
            {
                long first = (long)item * Block;
                int n = (int)Math.Min(Block, length - first);
                float* a = x + first,
                    b = y + first,
                    destination = z + first;
                int i = 0;
                for (; i <= n - VectorMath.Lanes; i += VectorMath.Lanes)
                    T.Apply(Vector.Load(a + i), Vector.Load(b + i)).Store(destination + i);
                if (i < n)
                    VectorMath.StorePartial(
                        T.Apply(VectorMath.LoadPartial(a + i, n - i), VectorMath.LoadPartial(b + i, n - i)),
                        destination + i,
                        n - i
                    );
            }
        );

    /// <summary>Calls <paramref name="body"/> with ranges of about <see cref="Block"/> numbers of whole rows.</summary>
    public static void RunRows(ThreadTeam team, int rows, int columns, Action<int, int> body)
    {
        int rowsPerItem = Math.Max(1, Block / Math.Max(columns, 1));
        team.Run(
            (rows + rowsPerItem - 1) / rowsPerItem,
            item =>
            {
                int first = item * rowsPerItem;
                body(first, Math.Min(rowsPerItem, rows - first));
            }
        );
    }
}
