namespace SvdSurgeon;

/// <summary>A model file is damaged, incomplete or of a kind that is not supported. Names the file and the tensor or key.</summary>
public sealed class InvalidModelException(string message, Exception? inner = null) : SvdSurgeonException(message, inner);
