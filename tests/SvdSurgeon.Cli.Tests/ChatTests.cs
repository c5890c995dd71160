namespace SvdSurgeon.Cli.Tests;

/// <summary>The contract of chat and of generate's sampling.</summary>
[TestFixture]
public sealed class ChatTests
{
    private const string Template = "{{ bos_token }}{% for m in messages %}{{ m.content }} {% endfor %}";

    [Test]
    public void A_model_without_a_chat_template_is_refused_with_what_serves_instead()
    {
        foreach (
            string[] command in (string[][])
                [
                    ["chat", Svdsurgeon.Llama],
                    ["generate", Svdsurgeon.Llama, "--chat", "--prompt", "Hi"],
                ]
        )
        {
            var result = Svdsurgeon.Run(command);
            Assert.That(result.ExitCode, Is.EqualTo(2), result.Error);
            Assert.That(result.Error, Does.Contain("no chat template").And.Contain("generate --prompt"));
        }
    }

    [Test]
    public void A_line_is_a_message_and_answers_alone_go_to_standard_output()
    {
        using var folder = new TemporaryFolder();
        string model = WithTemplate(folder);
        string[] command = ["chat", model, "--tokens", "6", "--threads", "1"];
        var once = Svdsurgeon.RunWithInput("Once upon a time\n", command);
        Assert.That(once.ExitCode, Is.Zero, once.Error);
        var twice = Svdsurgeon.RunWithInput("Once upon a time\n/clear\n\nOnce upon a time\n/exit\nnever said\n", command);
        Assert.That(twice.Output, Is.EqualTo(once.Output + once.Output));
        var asked = Svdsurgeon.Run("generate", model, "--chat", "--prompt", "Once upon a time", "--tokens", "6", "--threads", "1");
        Assert.That(asked.Output, Is.EqualTo(once.Output));
        Assert.That(once.Output, Does.Not.StartWith("Once"));
    }

    [Test]
    public void A_stop_token_ends_the_text_and_an_empty_text_is_said_to_be_one()
    {
        string[] command = ["generate", Svdsurgeon.Opt, "--prompt", "Once upon a time", "--threads", "1", "--tokens"];
        string first = Svdsurgeon.Run([.. command, "1"]).Output["Once upon a time".Length..].TrimEnd('\n');
        var stopped = Svdsurgeon.Run([.. command, "8", "--stop", first]);
        Assert.That(stopped.ExitCode, Is.Zero, stopped.Error);
        Assert.That(stopped.Output, Is.EqualTo("Once upon a time" + Environment.NewLine));
        Assert.That(stopped.Error, Does.Contain("ended the text at once").And.Not.Contain("tokens/s"));
    }

    [Test]
    public void The_same_seed_samples_the_same_text_and_bad_values_are_named()
    {
        string[] command = ["generate", Svdsurgeon.Opt, "--prompt", "Once", "--threads", "1", "--tokens", "12", "--temperature", "1.5"];
        string[] cut = [.. command, "--top-k", "40", "--top-p", "0.9", "--min-p", "0.02", "--seed", "7"];
        string first = Svdsurgeon.Run(cut).Output,
            second = Svdsurgeon.Run(cut).Output;
        Assert.That(second, Is.EqualTo(first));
        var wrong = Svdsurgeon.Run([.. command, "--top-p", "1.5"]);
        Assert.That(wrong.ExitCode, Is.EqualTo(2));
        Assert.That(wrong.Error, Does.Contain("--top-p 1.5"));
        Assert.That(Svdsurgeon.Run([.. command, "--stop", "many words here"]).Error, Does.Contain("no single token"));
    }

    private static string WithTemplate(TemporaryFolder folder)
    {
        string model = folder.CopyOf(Svdsurgeon.Llama, "model");
        File.WriteAllText(Path.Combine(model, "chat_template.jinja"), Template);
        return model;
    }
}
