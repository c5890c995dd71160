using SvdSurgeon.Compare.Tables;

namespace SvdSurgeon.Compare;

/// <summary>One side-by-side measurement.</summary>
internal interface IMeasure
{
    /// <summary>Its name for --only.</summary>
    string Name { get; }

    /// <summary>Measures.</summary>
    /// <param name="comparison">What both sides are given.</param>
    /// <returns>Tables for the report.</returns>
    Section Run(Comparison comparison);
}
