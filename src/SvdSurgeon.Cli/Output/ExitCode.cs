namespace SvdSurgeon.Cli.Output;

/// <summary>
/// What the process returns: 0, 1 for a failure, 2 for bad input, 130 when it was interrupted. One line on standard error says why.
/// </summary>
internal static class ExitCode
{
    public const int Success = 0,
        Failure = 1,
        BadInput = 2,
        Interrupted = 130;

    public static int Report(Exception error, bool verbose)
    {
        if (error is AggregateException { InnerExceptions.Count: 1 } aggregate)
            error = aggregate.InnerException!;
        if (error is OperationCanceledException)
        {
            Console.Error.WriteLine("svdsurgeon: interrupted; the same command goes on where it stopped.");
            return Interrupted;
        }
        Console.Error.WriteLine(
            error is OutOfMemoryException
                ? "svdsurgeon: the memory is not enough for the work on one module. Give more with --memory, or use a machine that has "
                    + "more; what is finished is kept."
                : $"svdsurgeon: {error.Message.ReplaceLineEndings(" ")}"
        );
        if (verbose)
            Console.Error.WriteLine(error);
        else if (error is not (SvdSurgeonException or IOException or UnauthorizedAccessException or OutOfMemoryException))
            Console.Error.WriteLine($"svdsurgeon: this is a defect ({error.GetType().Name}); --verbose shows where.");
        return error is InvalidModelException or InvalidInputException or FileNotFoundException or DirectoryNotFoundException
            ? BadInput
            : Failure;
    }
}
