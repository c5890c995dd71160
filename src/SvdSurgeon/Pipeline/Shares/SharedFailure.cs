namespace SvdSurgeon.Pipeline.Shares;

/// <summary>An error that every worker would come to, since all compute the same.</summary>
/// <param name="Kind">Name of its type.</param>
/// <param name="Message">Its sentence.</param>
internal sealed record SharedFailure(string Kind, string Message)
{
    /// <summary>The error itself.</summary>
    public Exception ToException() =>
        Kind switch
        {
            nameof(InvalidInputException) => new InvalidInputException(Message),
            nameof(InvalidModelException) => new InvalidModelException(Message),
            _ => new NumericalException(Message),
        };
}
