using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Cli.Output.Help;

namespace SvdSurgeon.Cli.Tests;

/// <summary>What the command line understands, and what it says where it does not.</summary>
[TestFixture]
public sealed class CommandLineTests
{
    [TestCase("--ratio 0.8,0.6", "--ratio 0.8 0.6")]
    [TestCase("--ratio 80% 60%", "--ratio 0.8 0.6")]
    [TestCase("--ratio=80%,0.6", "--ratio 0.8 0.6")]
    [TestCase("--bits 4.5,3", "--bits 4.5 3")]
    [TestCase("--ratio 0,8", "--ratio 0,8")]
    [TestCase("--out 80% --prompt a,b", "--out 80% --prompt a,b")]
    public void Lists_and_percent_are_numbers(string written, string meant)
    {
        Assert.That(string.Join(' ', ArgumentText.Normalize(written.Split(' '))), Is.EqualTo(meant));
    }

    [TestCase("compress m --ratio 0.8 --methd whiten", "--methd", "--method")]
    [TestCase("compress m --output x", "--output", "--out")]
    [TestCase("compres m", "compres", "compress")]
    [TestCase("eval m --windos=3", "--windos", "--windows")]
    public void An_unknown_name_is_refused_with_the_one_that_may_be_meant(string line, string wrong, string meant)
    {
        var error = Assert.Throws<InvalidInputException>(() => OptionCheck.Check(Program.CreateRoot(), line.Split(' ')))!;
        Assert.That(error.Message, Does.StartWith(wrong + ":").And.Contain($"Did you mean {meant}?"));
    }

    [Test]
    public void A_text_may_look_like_an_option()
    {
        Assert.DoesNotThrow(() => OptionCheck.Check(Program.CreateRoot(), ["generate", "m", "--prompt", "--methd"]));
    }

    [Test]
    public void Help_of_every_verb_fits_the_terminal_and_names_every_option()
    {
        var root = Program.CreateRoot();
        foreach (var verb in root.Subcommands)
        {
            string help = VerbHelp.Text(root, [verb.Name, "--help-all"], 80);
            Assert.That(help.Split('\n').Max(line => line.Length), Is.LessThanOrEqualTo(80), verb.Name);
            foreach (var option in verb.Options.Where(option => !option.Hidden))
                Assert.That(help, Does.Contain(option.Name), verb.Name);
        }
    }

    [Test]
    public void Help_leaves_the_options_for_experts_to_those_who_ask()
    {
        var root = Program.CreateRoot();
        Assert.That(VerbHelp.Text(root, ["compress", "--help"], 80), Does.Contain("--bits").And.Not.Contain("--hdamping"));
    }

    [Test]
    public void Layers_are_ranges()
    {
        Assert.That(ModuleKinds.Layers([0, 1, 2, 5]), Is.EqualTo("0–2, 5"));
        Assert.That(ModuleKinds.Kind("model.layers.12.mlp.up_proj"), Is.EqualTo("mlp.up_proj"));
    }

    [Test]
    public void A_model_of_many_layers_is_a_screen()
    {
        foreach (
            string[] command in (string[][])
                [
                    ["inspect", Svdsurgeon.Llama],
                    ["plan", Svdsurgeon.Llama, "--ratio", "0.6"],
                ]
        )
            Assert.That(Svdsurgeon.Run(command).Output.TrimEnd().Split('\n'), Has.Length.LessThanOrEqualTo(25));
    }

    [Test]
    public void Clean_removes_what_a_run_keeps_and_says_how_much_and_leaves_the_result()
    {
        using var folder = new TemporaryFolder();
        string[] compress = ["compress", Svdsurgeon.Opt, "--out", folder["out"], "--bits", "4.5", "--effort", "1", "--sequences", "4"];
        Assert.That(Svdsurgeon.Run(compress).ExitCode, Is.Zero);
        File.WriteAllText(Path.Combine(folder["out"], "left.partial"), "part");
        Assert.That(Svdsurgeon.Run("clean", folder["out"], "--dry-run").Output, Does.Contain("would be freed"));
        Assert.That(Directory.EnumerateDirectories(Path.Combine(folder["out"], "work")), Is.Not.Empty);
        Assert.That(Svdsurgeon.Run("clean", folder["out"]).Output, Does.Match(@"gram-[\s\S]*left\.partial[\s\S]*[1-9]\d*\.\d [kM]B freed"));
        Assert.That(Directory.EnumerateDirectories(Path.Combine(folder["out"], "work")), Is.Empty);
        Assert.That(Svdsurgeon.Run("inspect", Path.Combine(folder["out"], "bits-4.5")).ExitCode, Is.Zero);
        Assert.That(Svdsurgeon.Run("generate", folder["out"], "--prompt", "a").Error, Does.Contain("bits-4.5"));
    }
}
