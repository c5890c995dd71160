using System.CommandLine;
using SvdSurgeon.Cli.Arguments;

namespace SvdSurgeon.Cli.Tests;

/// <summary>Rules that hold for every option of every verb, asked of all of them.</summary>
[TestFixture]
public sealed class StrictArgumentTests
{
    private static IEnumerable<(string Path, Command Command)> Verbs() =>
        Program.CreateRoot().Subcommands.Select(command => (command.Name, command));

    private static bool IsNumber(Option option) =>
        (Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType.GetElementType() ?? option.ValueType) is var type
        && type != typeof(bool)
        && (type.IsPrimitive || type == typeof(decimal));

    [Test]
    public void No_number_takes_a_comma_or_a_separator_of_thousands()
    {
        int asked = 0;
        foreach (var (verb, command) in Verbs())
        foreach (var option in command.Options.Where(IsNumber))
        foreach (string text in (string[])["0,5", "1,000", "1.000,5", "1 000", "5e", "0x10", "½"])
        {
            var result = Program.CreateRoot().Parse([verb, option.Name, text]);
            Assert.That(
                result.Errors.Select(error => error.Message),
                Has.Some.Contains($"{option.Name} {text}"),
                $"{verb} {option.Name} {text}"
            );
            asked++;
        }
        Assert.That(asked, Is.GreaterThan(100));
    }

    [Test]
    public void Numbers_are_read_as_they_are_written()
    {
        var result = Program
            .CreateRoot()
            .Parse(["compress", "m", "--out", "o", "--damping", "1e-05", "--ratio", "0.8", ".5", "--sequences", "12"]);
        Assert.That(result.Errors, Is.Empty);
        Assert.That(result.GetValue<double>("--damping"), Is.EqualTo(1e-5));
        Assert.That(result.GetValue<double[]>("--ratio"), Is.EqualTo((double[])[0.8, 0.5]));
        Assert.That(result.GetValue<int>("--sequences"), Is.EqualTo(12));
        Assert.That(
            result.GetValue<double>("--alpha"),
            Is.EqualTo(Program.CreateRoot().Parse(["compress", "m", "--out", "o"]).GetValue<double>("--alpha"))
        );
    }

    [Test]
    public void No_option_and_no_argument_takes_an_empty_text_but_texts()
    {
        int asked = 0;
        foreach (var (verb, command) in Verbs())
        {
            foreach (
                var option in command.Options.Where(option =>
                    option.ValueType != typeof(bool) && option.ValueType != typeof(void) && !option.Hidden
                )
            )
            {
                if (option.Name is "--help" or "--version")
                    continue;
                var errors = Program.CreateRoot().Parse([verb, option.Name, ""]).Errors.Select(error => error.Message);
                if (option is FreeTextOption)
                    Assert.That(errors, Has.None.Contains("empty text"), $"{verb} {option.Name}");
                else
                    Assert.That(errors, Has.Some.Contains($"{option.Name}: the value is an empty text"), $"{verb} {option.Name}");
                asked++;
            }
            foreach (var argument in command.Arguments)
                Assert.That(
                    Program
                        .CreateRoot()
                        .Parse([verb, .. Enumerable.Repeat("", command.Arguments.Count)])
                        .Errors.Select(error => error.Message),
                    Has.Some.Contains($"{argument.Name}: the value is an empty text")
                );
        }
        Assert.That(asked, Is.GreaterThan(50));
    }
}
