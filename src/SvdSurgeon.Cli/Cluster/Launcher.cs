using System.CommandLine.Parsing;
using System.Diagnostics;

namespace SvdSurgeon.Cli.Cluster;

/// <summary>A command that starts copies of a program.</summary>
/// <param name="Command">The command's words.</param>
internal sealed record Launcher(IReadOnlyList<string> Command)
{
    /// <summary>Reads --launcher; quotes keep words together.</summary>
    /// <exception cref="InvalidInputException">There is no command.</exception>
    public static Launcher Parse(string text) =>
        CommandLineParser.SplitCommandLine(text).ToList() is { Count: > 0 } words
            ? new Launcher(words)
            : throw new InvalidInputException("--launcher: there is no command. Give one such as \"srun --ntasks 8\".");

    /// <summary>Starts the workers of a shared folder. What they and the launcher say goes to standard error.</summary>
    /// <exception cref="InvalidInputException">The command cannot be started.</exception>
    public Process Start(string folder)
    {
        var start = new ProcessStartInfo(Command[0])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (string word in (string[])[.. Command.Skip(1), .. ThisProgram(), "worker", folder])
            start.ArgumentList.Add(word);
        try
        {
            var process = Process.Start(start)!;
            process.OutputDataReceived += (_, line) => Forward(line.Data);
            process.ErrorDataReceived += (_, line) => Forward(line.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            return process;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidInputException($"--launcher {Command[0]}: it cannot be started ({e.Message}). Is it installed here?", e);
        }
    }

    private static void Forward(string? line)
    {
        if (line is not null)
            Console.Error.WriteLine(line);
    }

    // The executable, or the runtime and the program that it runs.
    private static string[] ThisProgram()
    {
        string executable = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(executable) == "dotnet"
            ? [executable, Path.GetFullPath(Environment.GetCommandLineArgs()[0])]
            : [executable];
    }
}
