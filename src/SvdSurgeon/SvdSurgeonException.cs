namespace SvdSurgeon;

/// <summary>
/// Base of the errors this library throws on purpose. The message is one sentence for the user: what, where, and the way out.
/// </summary>
public abstract class SvdSurgeonException(string message, Exception? inner = null) : Exception(message, inner);
