namespace SvdSurgeon.Cli.Output.Help;

/// <summary>The groups that a verb's options stand under in its help, and those that only --help-all shows.</summary>
internal static class OptionGroups
{
    /// <summary>Options that are in no group.</summary>
    public const string Rest = "Options";

    /// <summary>Options for those who know the papers: in the help only when asked for.</summary>
    public const string Experts = "For experts (docs/methods.md)";

    private static readonly (string Group, string[] Options)[] All =
    [
        ("Size: one of", ["--bits", "--target-size", "--ratio", "--target-ppl-increase"]),
        ("Method", ["--preset", "--presets", "--method", "--effort", "--minutes"]),
        ("Texts", ["--calibration", "--calibration-tokens", "--eval-text", "--eval-tokens", "--eval-windows", "--seqlen", "--sequences"]),
        ("Output", ["--out", "--work", "--dry-run", "--json", "--format", "--progress", "--verbose"]),
        ("Machine", ["--memory", "--threads", "--device", "--blas"]),
        (
            Experts,
            [
                "--embedding-bits",
                "--rounding",
                "--equal-bits",
                "--surgeon",
                "--whitening",
                "--allocate",
                "--storage",
                "--columns",
                "--sequential",
                "--sequential-damping",
                "--update",
                "--bias-correction",
                "--refine",
                "--newton",
                "--fisher",
                "--shrinkage",
                "--fisher-sequences",
                "--kl-sequences",
                "--strength",
                "--damping",
                "--hdamping",
                "--alpha",
                "--first-order",
                "--dense",
                "--dtype",
                "--seed",
                "--stats",
                "--eval-task",
                "--eval-shots",
                "--eval-shots-from",
                "--eval-limit",
                "--export",
                "--type",
                "--tensor-type",
                "--adapter",
                "--merge",
                "--no-tokenizer",
            ]
        ),
    ];

    /// <summary>The groups in order.</summary>
    public static IEnumerable<string> Order => All.SkipLast(1).Select(group => group.Group).Append(Rest).Append(Experts);

    /// <summary>Where an option stands.</summary>
    public static string Of(string option) => All.FirstOrDefault(group => group.Options.Contains(option)).Group ?? Rest;
}
