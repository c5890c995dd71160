namespace SvdSurgeon;

/// <summary>A job needs more memory than there is, even in its smallest form. Gives both numbers and says what would make it fit.</summary>
public sealed class OutOfMemoryEstimateException(string message, Exception? inner = null) : SvdSurgeonException(message, inner);
