namespace SvdSurgeon.Runtimes;

/// <summary>A program that writes tokens, with one model loaded.</summary>
internal interface IRuntime : IDisposable
{
    /// <summary>Reads a prompt; the likeliest token after it.</summary>
    int Read(int[] prompt);

    /// <summary>Reads one token; the likeliest after it.</summary>
    int Read(int token);
}
