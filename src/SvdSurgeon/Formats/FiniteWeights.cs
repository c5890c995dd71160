using System.Numerics;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats;

/// <summary>
/// Refuses a model with a weight that is not a number: before hours are spent on it, or to say what made logits that are not finite.
/// </summary>
internal static class FiniteWeights
{
    /// <summary>Looks at every stored number once.</summary>
    /// <param name="model">Model.</param>
    /// <param name="cancellation">Checked between tensors.</param>
    /// <param name="written">The type that numbers of a type will be written in; null where nothing is written.</param>
    /// <exception cref="InvalidModelException">A weight is infinite or not a number, or too large for the type that it will be written in;
    /// names file, tensor and place.</exception>
    public static void Require(Checkpoint model, CancellationToken cancellation, Func<DType, DType>? written = null)
    {
        foreach (var tensor in model.Tensors.Values)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!tensor.Type.IsFloat() && !tensor.Type.IsQuantized())
                continue;
            var type = written?.Invoke(tensor.Type) ?? tensor.Type;
            float most = type == tensor.Type ? float.MaxValue : Largest(type);
            var row = new float[tensor.Columns];
            for (int i = 0; i < tensor.Rows; i++)
            {
                tensor.WidenRows(i, 1, row);
                if (FirstNonFinite(row) is >= 0 and var j)
                    throw new InvalidModelException(
                        $"{tensor.Source}: tensor '{tensor.Name}' holds {row[j]} at [{i}, {j}], which is not a usable weight. The file "
                            + $"is damaged; fetch it again."
                    );
                if (most < float.MaxValue && Array.FindIndex(row, value => Math.Abs(value) > most) is >= 0 and var k)
                    throw new InvalidModelException(
                        $"{tensor.Source}: tensor '{tensor.Name}' holds {row[k]} at [{i}, {k}], and {type} ends at {most}. Write a type "
                            + "with a larger range: bf16 or f32."
                    );
            }
        }
    }

    private static float Largest(DType type) =>
        type switch
        {
            DType.F16 => (float)Half.MaxValue,
            DType.BF16 => BitConverter.UInt32BitsToSingle(0x7F7F0000),
            _ => float.MaxValue,
        };

    private static int FirstNonFinite(ReadOnlySpan<float> values)
    {
        // x − x is 0 for every finite x and not a number otherwise: one subtraction and one sum tell about a whole vector.
        int i = 0;
        var sum = Vector<float>.Zero;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var v = new Vector<float>(values[i..]);
            sum += v - v;
        }
        float rest = Vector.Sum(sum);
        for (; i < values.Length; i++)
            rest += values[i] - values[i];
        if (rest == 0)
            return -1;
        for (i = 0; float.IsFinite(values[i]); i++) { }
        return i;
    }
}
