namespace SvdSurgeon;

/// <summary>An option, text or token file cannot be used as given. Names the option or file and says what would work.</summary>
public sealed class InvalidInputException(string message, Exception? inner = null) : SvdSurgeonException(message, inner);
