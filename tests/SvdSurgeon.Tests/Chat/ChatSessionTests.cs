using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Chat;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Tests.Chat;

/// <summary>Conversations with the small LLaMA model that ships with the program, under a template of our own.</summary>
[TestFixture]
public sealed class ChatSessionTests
{
    private const string Turns =
        "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' and loop.index0 > 0 %}{{ raise_exception('Late!') }}{% endif %}"
        + "{{ m.content }} {% endfor %}";

    private Checkpoint _checkpoint = null!;
    private DecoderModel _model = null!;
    private Tokenizer _tokenizer = null!;
    private CpuBackend _backend = null!;

    [OneTimeSetUp]
    public void Open()
    {
        string path = Path.Combine(TestContext.CurrentContext.TestDirectory, "Assets", "tinytales-llama");
        _checkpoint = Checkpoint.Open(path);
        _model = DecoderModel.Load(_checkpoint);
        _tokenizer = Tokenizer.Open(path);
        _backend = new CpuBackend(1);
    }

    [OneTimeTearDown]
    public void Close()
    {
        _checkpoint.Dispose();
        _backend.Dispose();
    }

    [Test]
    public void An_answer_with_a_cache_is_the_one_that_the_whole_conversation_gives()
    {
        using var session = Session(null);
        string first = string.Concat(session.Reply("Once upon a time", 12));
        string second = string.Concat(session.Reply("Then the dog", 12));
        var template = ChatTemplate.Parse(Turns, "test", _tokenizer);
        ChatMessage[] asked = [new("user", "Once upon a time"), new("assistant", first), new("user", "Then the dog")];
        int[] prompt = template.Encode(asked);
        int[] made = [.. Generation.Generate(_model, _backend, prompt, 12)];
        Assert.That(prompt[0], Is.EqualTo(_tokenizer.BosTokenId));
        Assert.That(second, Is.EqualTo(_tokenizer.Decode(made)).Or.EqualTo(_tokenizer.Decode(made).TrimStart()));
        Assert.That(session.Messages.Select(message => message.Role), Is.EqualTo(new[] { "user", "assistant", "user", "assistant" }));
    }

    [Test]
    public void Clearing_forgets_the_conversation_but_not_the_instructions()
    {
        using var session = Session("Be kind.");
        string first = string.Concat(session.Reply("Once", 8));
        session.Clear();
        Assert.That(session.Messages.Select(message => message.Content), Is.EqualTo(new[] { "Be kind." }));
        Assert.That(string.Concat(session.Reply("Once", 8)), Is.EqualTo(first));
    }

    [Test]
    public void A_conversation_that_fills_the_model_says_so()
    {
        using var session = Session(null);
        string text = string.Join(' ', Enumerable.Repeat("dog", 600));
        Assert.That(
            Assert.Throws<InvalidInputException>(() => session.Reply(text, 8))!.Message,
            Does.Contain(_model.Config.MaxPositions.ToString()).And.Contain("/clear")
        );
        Assert.That(session.Messages, Is.Empty);
    }

    [Test]
    public void A_template_that_refuses_or_fails_is_told_apart()
    {
        var template = ChatTemplate.Parse(Turns, "some/model", _tokenizer);
        ChatMessage[] late = [new("user", "a"), new("system", "b")];
        Assert.That(Assert.Throws<InvalidInputException>(() => template.Render(late))!.Message, Does.Contain("Late"));
        var failing = ChatTemplate.Parse("{{ messages[0].tools.name }}", "some/model", _tokenizer);
        Assert.That(Assert.Throws<InvalidModelException>(() => failing.Render(late))!.Message, Does.Contain("some/model"));
        Assert.That(
            Assert.Throws<InvalidModelException>(() => ChatTemplate.Parse("{% bad %}", "some/model", _tokenizer))!.Message,
            Does.Contain("some/model").And.Contain("line 1")
        );
    }

    private ChatSession Session(string? system) =>
        new(
            _model,
            _backend,
            _tokenizer,
            ChatTemplate.Parse(Turns, "test", _tokenizer),
            new SamplingOptions(),
            _model.Config.EosTokenIds,
            system
        );
}
