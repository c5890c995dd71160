using Spectre.Console;
using SvdSurgeon.IO;

namespace SvdSurgeon.Cli.Output;

/// <summary>
/// How wide tables are where nobody looks at a terminal: as wide as they need to be, since what goes through a pipe is for programs and
/// people with grep, or as wide as COLUMNS says.
/// </summary>
internal static class PipedConsole
{
    private const int Unlimited = 10_000,
        Usual = 80;

    /// <summary>Sets the width for the whole process.</summary>
    public static void Apply()
    {
        if (StrictNumber.TryInteger(Environment.GetEnvironmentVariable("COLUMNS") ?? "", out int columns) && columns > 0)
            AnsiConsole.Profile.Width = columns;
        else if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = Unlimited;
    }

    /// <summary>Columns of the terminal, or what COLUMNS says, or 80.</summary>
    public static int Width()
    {
        if (StrictNumber.TryInteger(Environment.GetEnvironmentVariable("COLUMNS") ?? "", out int columns) && columns > 0)
            return columns;
        try
        {
            return Console.WindowWidth is > 0 and var width ? width : Usual;
        }
        catch (IOException)
        {
            return Usual;
        }
    }
}
