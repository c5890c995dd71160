using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>
/// One row of <see cref="OptionTable"/>: all there is to say of an option of a compression. JSON, the command line, the recipe's schema,
/// the table in docs/options.md and the checks of ranges follow from it.
/// </summary>
internal abstract class CompressionOption(string key)
{
    /// <summary>Its name in JSON; with a point where it is a part of another option's object.</summary>
    public string Key => key;

    /// <summary>Its name on the command line, dashes included; null where nobody but a search sets it.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Another name on the command line; null for none.</summary>
    public string? Alias { get; init; }

    /// <summary>What it is, in one sentence for help and tables.</summary>
    public required string Help { get; init; }

    /// <summary>What "auto" on the command line does; null where it is no value.</summary>
    public Func<CompressionOptions, CompressionOptions>? Auto { get; init; }

    /// <summary>Whether reading it needs the others: it is then read last.</summary>
    public bool FollowsOthers { get; init; }

    /// <summary>Whether it stands in the JSON of another option.</summary>
    public bool IsPart => Key.Contains('.');

    /// <summary>What it may be, in words.</summary>
    public abstract string Range { get; }

    /// <summary>Its value in words.</summary>
    public abstract string Text(CompressionOptions options);

    /// <summary>The options with its value from JSON.</summary>
    /// <exception cref="InvalidInputException">The value is of another kind.</exception>
    public abstract CompressionOptions Read(StrictObject json, CompressionOptions options);

    /// <summary>Its value in JSON.</summary>
    public abstract JsonNode? Write(CompressionOptions options);

    /// <summary>The options with its value from the command line.</summary>
    /// <exception cref="InvalidInputException">The value is of another kind.</exception>
    public abstract CompressionOptions Parse(string text, CompressionOptions options);

    /// <summary>Its part of the recipe's schema, with its default and help.</summary>
    public abstract JsonObject Schema();

    /// <summary>Checks its range.</summary>
    /// <exception cref="InvalidInputException">It is out of range.</exception>
    public abstract void Check(CompressionOptions options);
}

/// <inheritdoc/>
/// <param name="key">Its name in JSON.</param>
/// <param name="value">The kind of its values.</param>
/// <param name="get">Its value.</param>
/// <param name="with">The options with another value.</param>
internal sealed class CompressionOption<T>(
    string key,
    OptionValue<T> value,
    Func<CompressionOptions, T> get,
    Func<CompressionOptions, T, CompressionOptions> with
) : CompressionOption(key)
{
    public override string Range => Auto is null ? value.Range : value.Range + ", or auto";

    public override string Text(CompressionOptions options) => value.Text(get(options));

    public override CompressionOptions Read(StrictObject json, CompressionOptions options) =>
        with(options, value.Read(json, Key, options, get(options)));

    public override JsonNode? Write(CompressionOptions options) => value.Write(get(options));

    public override CompressionOptions Parse(string text, CompressionOptions options) =>
        Auto is not null && text == "auto" ? Auto(options) : with(options, value.Parse(CommandLine!, text));

    public override JsonObject Schema()
    {
        var schema = value.Schema();
        schema["default"] = Write(new CompressionOptions { Ratios = [] });
        schema["description"] = Help;
        return schema;
    }

    public override void Check(CompressionOptions options)
    {
        if (!value.Holds(get(options)))
            throw new InvalidInputException($"{CommandLine ?? Key} {Text(options)}: must be {Range}.");
    }
}
