using System.CommandLine;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>The options that choose a method and its parameters, shared by compress and plan: those of <see cref="OptionTable"/>.</summary>
internal sealed class CompressionArguments
{
    private static readonly CompressionOptions Defaults = new() { Ratios = [] };

    private readonly Option<double[]> _ratios = new("--ratio")
    {
        Description = "Kept fractions of the linear modules' parameters, such as 0.8 0.6 0.4.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly IReadOnlyList<(CompressionOption Row, Option Option)> _rows =
    [
        .. OptionTable.All.Where(row => row.CommandLine is not null).Select(row => (row, Create(row))),
    ];

    /// <param name="ratios">The verb is about kept fractions; statistics serve all of them.</param>
    public CompressionArguments(bool ratios = true)
    {
        _ratios.Hidden = !ratios;
        if (!ratios)
            _ratios.DefaultValueFactory = _ => [0.5];
    }

    public void AddTo(Command command)
    {
        command.Add(Presets.Option());
        command.Add(_ratios);
        foreach (var (_, option) in _rows)
            command.Add(option);
    }

    /// <summary>Whether an option is given that only ranks have.</summary>
    public bool AsksForRanks(ParseResult parsed) =>
        IsGiven(parsed, _ratios) || _rows.Any(row => row.Row.Key != "sequences" && IsGiven(parsed, row.Option));

    /// <summary>--sequences where it is given.</summary>
    public int? Sequences(ParseResult parsed) =>
        _rows.First(row => row.Row.Key == "sequences").Option is Option<int> option && IsGiven(parsed, option)
            ? parsed.GetValue(option)
            : null;

    /// <summary>The options, checked; without ratios where a target decides.</summary>
    public CompressionOptions Read(ParseResult parsed, bool ratioFollows = false)
    {
        var options = new CompressionOptions { Ratios = parsed.GetValue(_ratios) ?? [] };
        foreach (var (row, option) in _rows)
            if (IsGiven(parsed, option))
                options = row.Parse(Text(parsed, option), options);
        if (ratioFollows)
            options.ValidateForTarget();
        else
            options.Validate();
        return options;
    }

    // Numbers and flags have types of their own, for which StrictArguments reads them strictly.
    private static Option Create(CompressionOption row)
    {
        string[] aliases = row.Alias is { } alias ? [alias] : [];
        string? otherwise = row.Write(Defaults) is null ? null : row.Text(Defaults);
        return row switch
        {
            CompressionOption<bool> => new Option<bool>(row.CommandLine!, aliases) { Description = row.Help },
            CompressionOption<int> => new Option<int>(row.CommandLine!, aliases)
            {
                Description = row.Help,
                DefaultValueFactory = _ => (int)row.Write(Defaults)!,
            },
            CompressionOption<double> { Auto: null } => new Option<double>(row.CommandLine!, aliases)
            {
                Description = row.Help,
                DefaultValueFactory = _ => (double)row.Write(Defaults)!,
            },
            _ => new Option<string?>(row.CommandLine!, aliases)
            {
                Description = row.Help,
                DefaultValueFactory = otherwise is null ? null : _ => otherwise,
            },
        };
    }

    private static string Text(ParseResult parsed, Option option) =>
        option is Option<bool> flag ? parsed.GetValue(flag).ToString() : parsed.GetResult(option)!.Tokens[^1].Value;

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };
}
