using System.Diagnostics;

namespace SvdSurgeon.Runtimes;

/// <summary>One process's run: loading, a prompt, and writing.</summary>
/// <param name="FirstToken">Seconds from nothing to the first token: loading, and a prompt of 18 tokens.</param>
/// <param name="PerSecond">Tokens written per second after it.</param>
/// <param name="PerProcessorSecond">The same per second of processor time of all threads.</param>
/// <param name="PeakMiB">Largest resident memory of the process.</param>
internal sealed record Measured(double FirstToken, double PerSecond, double PerProcessorSecond, double PeakMiB)
{
    private const int Prompt = 18,
        Words = 40_000;

    /// <summary>Measures in this process.</summary>
    /// <param name="runtime">here, llama.cpp or genai.</param>
    /// <param name="path">A model that it loads.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="tokens">Tokens to write.</param>
    public static Measured Run(string runtime, string path, int threads, int tokens)
    {
        var random = new Random(1);
        int[] prompt = [.. Enumerable.Range(0, Prompt).Select(_ => random.Next(Words))];
        int capacity = Prompt + tokens + 2;
        long start = Stopwatch.GetTimestamp();
        using IRuntime loaded = runtime switch
        {
            "here" => new OwnRuntime(path, threads, capacity),
            "llama.cpp" => new LlamaCppRuntime(path, threads, capacity),
            "genai" => new GenAiRuntime(path, threads, capacity),
            _ => throw new ArgumentException($"{runtime}: unknown. Use here, llama.cpp or genai."),
        };
        int token = loaded.Read(prompt);
        double first = Stopwatch.GetElapsedTime(start).TotalSeconds;
        // What is compiled or rearranged at the first token is loading, and in nobody's speed.
        token = loaded.Read(token);
        using var process = Process.GetCurrentProcess();
        var processor = process.TotalProcessorTime;
        start = Stopwatch.GetTimestamp();
        for (int made = 0; made < tokens; made++)
            token = loaded.Read(token);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        process.Refresh();
        double used = (process.TotalProcessorTime - processor).TotalSeconds;
        return new Measured(first, tokens / seconds, tokens / used, process.PeakWorkingSet64 / (double)(1 << 20));
    }
}
