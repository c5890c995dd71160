using System.Numerics;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>Float64 sums by name, as they are added up block after block and kept in files.</summary>
internal sealed class Sums
{
    private readonly Dictionary<string, double[]> _values = new(StringComparer.Ordinal);

    /// <summary>Names, in the order in which they came.</summary>
    public IEnumerable<string> Names => _values.Keys;

    /// <summary>The sum called <paramref name="name"/>; zeros when it is new.</summary>
    public double[] Of(string name, long count)
    {
        if (!_values.TryGetValue(name, out var values))
            _values[name] = values = Zeros.Array(count);
        return values.LongLength == count
            ? values
            : throw new InvalidOperationException($"'{name}' has {values.LongLength} sums, not {count}.");
    }

    /// <summary>Adds every sum of a file.</summary>
    public void Add(SafeTensorsFile file)
    {
        foreach (var (name, tensor) in file.Tensors)
            Add(tensor.Doubles(), Of(name, tensor.Count));
    }

    /// <summary>Adds <paramref name="from"/> to the sum called <paramref name="name"/> and sets it to zero.</summary>
    public void Move(double[] from, string name)
    {
        Add(from, Of(name, from.Length));
        Array.Clear(from);
    }

    /// <summary>to += from.</summary>
    public static void Add(ReadOnlySpan<double> from, Span<double> to)
    {
        int i = 0;
        for (; i <= to.Length - Vector<double>.Count; i += Vector<double>.Count)
            (new Vector<double>(to[i..]) + new Vector<double>(from[i..])).CopyTo(to[i..]);
        for (; i < to.Length; i++)
            to[i] += from[i];
    }

    /// <inheritdoc cref="Add(ReadOnlySpan{double}, Span{double})"/>
    public static unsafe void Add(ReadOnlySpan<float> from, Span<double> to)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(from.Length, to.Length);
        fixed (float* source = from)
        fixed (double* destination = to)
            Vectors.AddWidened(source, destination, from.Length);
    }

    /// <summary>Calls a sum by another name and divides it.</summary>
    public void Average(string name, string mean, long count)
    {
        double[] values = _values[name];
        for (int i = 0; i < values.Length; i++)
            values[i] /= count;
        _values.Remove(name);
        _values[mean] = values;
    }

    /// <exception cref="NumericalException">A sum is not finite.</exception>
    public void RequireFinite()
    {
        foreach (var (name, values) in _values)
            RequireFinite(name, values);
    }

    /// <summary>The sums as tensors of a file.</summary>
    /// <param name="prefix">Put before every name.</param>
    /// <exception cref="NumericalException">One is not finite.</exception>
    public IEnumerable<TensorEntry> Entries(string prefix = "")
    {
        foreach (var (name, values) in _values)
        {
            RequireFinite(name, values);
            yield return TensorEntry.FromDoubles(prefix + name, values);
        }
    }

    private static void RequireFinite(string name, double[] values)
    {
        foreach (double value in values)
            if (!double.IsFinite(value))
                throw new NumericalException(
                    $"{name[..name.LastIndexOf('.')]}: its inputs or gradients are not finite numbers. The model's weights or the "
                        + $"calibration data are probably damaged."
                );
    }
}
