using System.CommandLine;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>
/// Published methods by their names: each stands for the options that its authors use. Options given beside a preset win.
/// </summary>
internal static class Presets
{
    private const string OptionName = "--preset";

    private static readonly (string Name, string What, string[] Options)[] All =
    [
        ("svd", "plain truncation", ["--method", "svd", "--surgeon", "none"]),
        ("asvd", "ASVD: columns scaled by their inputs", ["--method", "asvd", "--surgeon", "none"]),
        ("fwsvd", "FWSVD: rows scaled by their Fisher", ["--method", "fwsvd", "--surgeon", "none"]),
        ("svd-llm", "SVD-LLM: truncation-aware whitening", ["--method", "whiten", "--surgeon", "none"]),
        ("svd-llm-u", "SVD-LLM with its factor update", ["--method", "whiten", "--surgeon", "none", "--update"]),
        ("svd-surgeon", "SVD-Surgeon: whitening, kept values corrected", ["--method", "whiten", "--surgeon", "update"]),
        ("svd-surgeon-select", "SVD-Surgeon: values chosen, then corrected", ["--method", "whiten", "--surgeon", "select"]),
        (
            "duo-svd",
            "Duo-SVD: kept columns, ranks by measured divergence",
            ["--method", "whiten", "--surgeon", "none", "--columns", "preserve", "--allocate", "dp"]
        ),
        (
            "spectrum",
            "this program's short road: two-sided whitening, ranks of all modules at once, a sequential pass",
            [
                "--method",
                "kfac",
                "--surgeon",
                "none",
                "--allocate",
                "spectrum",
                "--storage",
                "pivoted",
                "--sequential",
                "0.25",
                "--sequential-damping",
                "0.01",
            ]
        ),
        ("auto", "this program's long road: everything, each step judged on held-out text", ["--method", "auto"]),
    ];

    // Where neither a size nor a method is named: integers of 4.5 bits, the size at which little is lost.
    private static readonly string[] Recommended = ["--bits", "4.5"];

    // Whoever names one of these has a road in mind.
    private static readonly string[] Roads =
    [
        "--ratio",
        "--bits",
        "--target-size",
        "--target-ppl-increase",
        "--method",
        "--surgeon",
        "--whitening",
        "--allocate",
        "--storage",
        "--columns",
        "--sequential",
        "--update",
        "--newton",
        "--refine",
        "--fisher",
        "--shrinkage",
        "--strength",
        "--dense",
        "--help",
        "-h",
        "-?",
    ];

    /// <summary>The names, for help and messages.</summary>
    public static string Names => string.Join(", ", All.Select(preset => preset.Name));

    /// <summary>The option, for help; its value is expanded before parsing.</summary>
    public static Option<string> Option() =>
        new(OptionName)
        {
            Description = $"A published method, or a road of this program's own, by its name: {Names}. Options beside it win.",
        };

    /// <summary>
    /// The command line with the preset's options put in where it does not say otherwise; with what is advised where it says nothing.
    /// </summary>
    /// <exception cref="InvalidInputException">There is no such preset.</exception>
    public static string[] Expand(string[] args)
    {
        if (args.Length == 0 || args[0] is not ("compress" or "plan"))
            return args;
        if (Value(args, OptionName) is not { } name)
            return IsBare(args) ? [.. args, .. Recommended] : args;
        string[] options = Find(name).Options;
        var added = new List<string>();
        for (int i = 0; i < options.Length; i++)
        {
            bool hasValue = i + 1 < options.Length && !options[i + 1].StartsWith("--", StringComparison.Ordinal);
            if (!Has(args, options[i]))
                added.AddRange(options.Skip(i).Take(hasValue ? 2 : 1));
            if (hasValue)
                i++;
        }
        return [.. args, .. added];
    }

    /// <summary>The options that a preset stands for.</summary>
    /// <exception cref="InvalidInputException">There is no such preset.</exception>
    public static IReadOnlyList<string> OptionsOf(string name) => Find(name).Options;

    private static (string Name, string What, string[] Options) Find(string name) =>
        All.FirstOrDefault(preset => preset.Name == name) is { Name: not null } found
            ? found
            : throw new InvalidInputException($"{OptionName} {name}: unknown. Use {Names}.");

    private static bool IsBare(string[] args) => !Array.Exists(Roads, road => Has(args, road));

    private static bool Has(string[] args, string option) =>
        args.Any(arg => arg == option || arg.StartsWith(option + "=", StringComparison.Ordinal));

    private static string? Value(string[] args, string option)
    {
        int at = Array.IndexOf(args, option);
        if (at >= 0)
            return at + 1 < args.Length ? args[at + 1] : "";
        return Array.Find(args, arg => arg.StartsWith(option + "=", StringComparison.Ordinal))?[(option.Length + 1)..];
    }
}
