using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats;

/// <summary>Checks of shapes that come from files, before anything is computed from them.</summary>
internal static class TensorShape
{
    /// <summary>[2, 3] for messages.</summary>
    public static string Format(IReadOnlyList<long> shape) => "[" + string.Join(", ", shape) + "]";

    /// <summary>Bytes of a tensor, after making sure that its axes, rows and blocks fit this program.</summary>
    /// <exception cref="InvalidModelException">An axis is negative, the product overflows, or a row does not hold whole blocks.</exception>
    public static long ByteLength(string file, string name, DType type, ReadOnlySpan<long> shape)
    {
        Int128 count = 1;
        foreach (long axis in shape)
        {
            if (axis < 0)
                throw new InvalidModelException($"{file}: tensor '{name}' has a negative axis in its shape {Format(shape.ToArray())}.");
            count *= axis;
            if (count > long.MaxValue / 8)
                throw TooLarge(file, name, shape);
        }
        long columns = shape.Length == 0 ? 1 : shape[^1];
        Int128 rows = 1;
        for (int axis = 0; axis < shape.Length - 1; axis++)
            rows *= shape[axis];
        if (columns > int.MaxValue || rows > int.MaxValue)
            throw TooLarge(file, name, shape);
        int numbers = type.Block().Numbers;
        if (columns % numbers != 0)
            throw new InvalidModelException(
                $"{file}: tensor '{name}' has rows of {columns} numbers, which is no multiple of the {numbers} that a block of type "
                    + $"{type} holds."
            );
        return type.ByteCount((long)count);
    }

    private static InvalidModelException TooLarge(string file, string name, ReadOnlySpan<long> shape) =>
        new($"{file}: tensor '{name}' claims the shape {Format(shape.ToArray())}, which is too large. The file is damaged.");
}
