using System.CommandLine;
using System.CommandLine.Parsing;
using SvdSurgeon.IO;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>
/// What holds for every option and argument of every verb, so that none can forget it: numbers are read strictly
/// (<see cref="StrictNumber"/>), and an empty value is an error, since it mostly comes from a variable that was not set.
/// </summary>
internal static class StrictArguments
{
    /// <summary>Sets the rules for a command and all below it.</summary>
    /// <exception cref="NotSupportedException">An option has a type that there is no rule for.</exception>
    public static void ApplyTo(Command command)
    {
        foreach (var option in command.Options)
            Apply(option);
        foreach (var argument in command.Arguments)
            argument.Validators.Add(result => RefuseEmpty(result, argument.Name, result.Tokens));
        foreach (var below in command.Subcommands)
            ApplyTo(below);
    }

    private static void Apply(Option option)
    {
        if (option is not FreeTextOption)
            option.Validators.Add(result => RefuseEmpty(result, option.Name, result.Tokens));
        switch (option)
        {
            case Option<double> real:
                real.CustomParser = result => One(result, option.Name, Real);
                break;
            case Option<double?> real:
                real.CustomParser = result => One(result, option.Name, Real);
                break;
            case Option<double[]> reals:
                reals.CustomParser = result => [.. result.Tokens.Select(token => Real(result, option.Name, token.Value))];
                break;
            case Option<int> whole:
                whole.CustomParser = result => One(result, option.Name, Whole);
                break;
            case Option<int[]> wholes:
                wholes.CustomParser = result => [.. result.Tokens.Select(token => Whole(result, option.Name, token.Value))];
                break;
            case Option<int?> whole:
                whole.CustomParser = result => One(result, option.Name, Whole);
                break;
            case Option<ulong> unsigned:
                unsigned.CustomParser = result => One(result, option.Name, Unsigned);
                break;
            case Option<string> or Option<string[]> or Option<bool>:
                break;
            default:
                // help and version are the parser's own
                if (option.ValueType.IsPrimitive || option.ValueType.IsArray || Nullable.GetUnderlyingType(option.ValueType) is not null)
                    throw new NotSupportedException($"{option.Name}: there is no strict parser for {option.ValueType}.");
                break;
        }
    }

    private static void RefuseEmpty(SymbolResult result, string name, IEnumerable<Token> tokens)
    {
        if (tokens.Any(token => token.Value.Length == 0))
            result.AddError(
                $"{name}: the value is an empty text. Was a variable not set? Give a value, or leave {name} out where it is not required."
            );
    }

    private static T One<T>(ArgumentResult result, string name, Func<ArgumentResult, string, string, T> parse) =>
        parse(result, name, result.Tokens.Count > 0 ? result.Tokens[^1].Value : "");

    private static double Real(ArgumentResult result, string name, string text) =>
        StrictNumber.TryDouble(text, out double number)
            ? number
            : Refuse<double>(result, name, text, "a number such as 0.5, with a point and without separators");

    private static int Whole(ArgumentResult result, string name, string text) =>
        StrictNumber.TryInteger(text, out int number)
            ? number
            : Refuse<int>(result, name, text, "a whole number such as 128, without separators");

    private static ulong Unsigned(ArgumentResult result, string name, string text) =>
        StrictNumber.TryUnsigned(text, out ulong number)
            ? number
            : Refuse<ulong>(result, name, text, "a whole number that is not negative");

    private static T Refuse<T>(ArgumentResult result, string name, string text, string expected)
        where T : struct
    {
        if (text.Length > 0) // an empty one has its own sentence
            result.AddError($"{name} {text}: write {expected}.");
        return default;
    }
}
