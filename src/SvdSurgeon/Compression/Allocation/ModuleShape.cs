namespace SvdSurgeon.Compression.Allocation;

/// <summary>A module that gets a rank.</summary>
/// <param name="Layer">The decoder layer it is in, from 0.</param>
/// <param name="Rows">m, out features.</param>
/// <param name="Columns">n, in features.</param>
/// <param name="AddedNumbers">Numbers that are stored beside its factors and not in the dense model: a bias that is added.</param>
internal readonly record struct ModuleShape(int Layer, int Rows, int Columns, long AddedNumbers)
{
    /// <summary>m·n.</summary>
    public long DenseNumbers => (long)Rows * Columns;
}
