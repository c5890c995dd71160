using System.Diagnostics;
using System.Text.Json.Nodes;

namespace SvdSurgeon.Cli.Tests;

/// <summary>Runs the real executable as a process.</summary>
internal static class Svdsurgeon
{
    private static readonly string Assembly = Path.Combine(AppContext.BaseDirectory, "svdsurgeon.dll");

    /// <summary>The two models and the texts that the program carries, unpacked from the repository's assets.</summary>
    public static string Assets => Path.Combine(AppContext.BaseDirectory, "Assets");
    public static string Opt => Path.Combine(Assets, "tinytales-opt");
    public static string Llama => Path.Combine(Assets, "tinytales-llama");
    public static string CalibrationText => Path.Combine(Assets, "texts", "calibration.txt");
    public static string EvaluationText => Path.Combine(Assets, "texts", "evaluation.txt");

    public static ProcessResult Run(params string[] arguments)
    {
        using var process = Start(arguments);
        return Finish(process);
    }

    /// <summary>Runs with --json and parses standard output, which must be one object and nothing else.</summary>
    public static JsonObject Json(params string[] arguments)
    {
        var result = Run([.. arguments, "--json"]);
        Assert.That(result.ExitCode, Is.Zero, result.Error);
        return (JsonObject)JsonNode.Parse(result.Output)!;
    }

    /// <summary>Runs with <paramref name="input"/> on standard input.</summary>
    public static ProcessResult RunWithInput(string input, params string[] arguments)
    {
        using var process = Start(arguments, redirectInput: true, []);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        return Finish(process);
    }

    public static Process Start(params string[] arguments) => Start(arguments, redirectInput: false, []);

    /// <summary>Starts the program with variables set.</summary>
    public static Process Start(Dictionary<string, string> variables, params string[] arguments) =>
        Start(arguments, redirectInput: false, variables);

    private static Process Start(string[] arguments, bool redirectInput, Dictionary<string, string> variables)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = redirectInput,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        start.ArgumentList.Add(Assembly);
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    public static ProcessResult Finish(Process process)
    {
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new ProcessResult(process.ExitCode, output, error.Result);
    }
}

/// <summary>How a process ended and what it said.</summary>
internal sealed record ProcessResult(int ExitCode, string Output, string Error);
