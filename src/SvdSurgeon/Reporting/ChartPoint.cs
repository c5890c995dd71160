namespace SvdSurgeon.Reporting;

/// <summary>A point of a series; <paramref name="Low"/> and <paramref name="High"/> bound its error.</summary>
internal readonly record struct ChartPoint(double X, double Y, double Low, double High);
