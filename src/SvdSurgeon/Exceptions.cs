namespace SvdSurgeon;

/// <summary>Base of the errors this library throws on purpose. The message is one sentence for the user: what, where, and the way out.</summary>
public abstract class SvdSurgeonException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A model file is damaged, incomplete or of a kind that is not supported. Names the file and the tensor or key.</summary>
public sealed class InvalidModelException(string message, Exception? inner = null) : SvdSurgeonException(message, inner);

/// <summary>An option, text or token file cannot be used as given. Names the option or file and says what would work.</summary>
public sealed class InvalidInputException(string message, Exception? inner = null) : SvdSurgeonException(message, inner);

/// <summary>A computation met a non-finite number or a matrix that cannot be factored.</summary>
public sealed class NumericalException(string message, Exception? inner = null) : SvdSurgeonException(message, inner);

/// <summary>A job needs more memory than there is, even in its smallest form. Gives both numbers and says what would make it fit.</summary>
public sealed class OutOfMemoryEstimateException(string message, Exception? inner = null) : SvdSurgeonException(message, inner);
