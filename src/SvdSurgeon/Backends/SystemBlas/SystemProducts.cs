using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.SystemBlas;

/// <summary>
/// Products through a BLAS of the system, in stripes of c that depend on its shape alone: each is one call on one thread. Weights that are
/// stored in fewer than 32 bits are multiplied by our kernels, which widen them while packing.
/// </summary>
internal sealed unsafe class SystemProducts(BlasFunctions blas) : IProducts
{
    // A stripe repeats the packing of the other factor: as measured 0 to 6 % of the time at 512 tokens, a tenth of it at 2,048.
    private const int Stripe = 384,
        TriangleStripe = 128;

    public void Run<T>(ThreadTeam team, in ProductShape<T> shape, in Operand<T> a, in Operand<T> b)
        where T : unmanaged
    {
        if (!a.IsMemory || !b.IsMemory || shape.M == 0 || shape.N == 0 || shape.K == 0)
        {
            Gemm.Run(team, shape, a, b);
            return;
        }
        var (product, left, right) = (shape, a, b);
        bool down = shape.Diagonal is not null || shape.M >= shape.N;
        int length = down ? shape.M : shape.N,
            most = shape.Diagonal is null ? Stripe : TriangleStripe;
        int stripes = (length + most - 1) / most;
        team.Run(
            stripes,
            i =>
            {
                int first = (int)((long)length * i / stripes),
                    end = (int)((long)length * (i + 1) / stripes);
                if (down)
                    Multiply(
                        product,
                        left,
                        right,
                        first,
                        end - first,
                        0,
                        product.Diagonal is { } diagonal ? Math.Min(end + diagonal, product.N) : product.N
                    );
                else
                    Multiply(product, left, right, 0, product.M, first, end - first);
            }
        );
    }

    private void Multiply<T>(in ProductShape<T> shape, in Operand<T> a, in Operand<T> b, int row, int rows, int column, int columns)
        where T : unmanaged
    {
        T* pa = a.Memory + (a.RowsAlongK ? row : row * a.Stride),
            pb = b.Memory + (b.RowsAlongK ? column : column * b.Stride);
        T* c = shape.C + row * shape.Stride + column;
        int transposeA = a.RowsAlongK ? BlasFunctions.Transpose : BlasFunctions.NoTranspose,
            transposeB = b.RowsAlongK ? BlasFunctions.NoTranspose : BlasFunctions.Transpose;
        int strideA = (int)a.Stride,
            strideB = (int)b.Stride,
            strideC = (int)shape.Stride,
            alpha = a.IsNegated == b.IsNegated ? 1 : -1,
            beta = shape.Accumulate ? 1 : 0;
        if (typeof(T) == typeof(float))
            blas.Sgemm(
                BlasFunctions.RowMajor,
                transposeA,
                transposeB,
                rows,
                columns,
                shape.K,
                alpha,
                (float*)pa,
                strideA,
                (float*)pb,
                strideB,
                beta,
                (float*)c,
                strideC
            );
        else
            blas.Dgemm(
                BlasFunctions.RowMajor,
                transposeA,
                transposeB,
                rows,
                columns,
                shape.K,
                alpha,
                (double*)pa,
                strideA,
                (double*)pb,
                strideB,
                beta,
                (double*)c,
                strideC
            );
        if (shape.Bias is null)
            return;
        for (int i = 0; i < rows; i++)
            Vectors.AddRow(shape.Bias + column, c + i * shape.Stride, columns);
    }
}
