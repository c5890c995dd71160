namespace SvdSurgeon;

/// <summary>A computation met a non-finite number or a matrix that cannot be factored.</summary>
public sealed class NumericalException(string message, Exception? inner = null) : SvdSurgeonException(message, inner);
