using SvdSurgeon.Chat.Jinja;
using SvdSurgeon.Formats;
using SvdSurgeon.Tokenization;
using SvdSurgeon.Tokenization.Files;

namespace SvdSurgeon.Chat;

/// <summary>
/// How a model wants a conversation written down: the Jinja template that comes with it (chat_template.jinja, tokenizer_config.json or
/// GGUF metadata), rendered as transformers' apply_chat_template does.
/// </summary>
internal sealed class ChatTemplate
{
    private readonly JinjaTemplate _template;
    private readonly string _source;
    private readonly Tokenizer _tokenizer;

    private ChatTemplate(JinjaTemplate template, string source, Tokenizer tokenizer) =>
        (_template, _source, _tokenizer) = (template, source, tokenizer);

    /// <summary>The template of a model; null where it has none.</summary>
    /// <param name="model">The opened model.</param>
    /// <param name="tokenizer">Its tokenizer, for the text of the tokens that begin and end a text.</param>
    /// <exception cref="InvalidModelException">The template is malformed or uses a part of Jinja that is not supported.</exception>
    public static ChatTemplate? Of(Checkpoint model, Tokenizer tokenizer)
    {
        string? text = model.Gguf is { } gguf ? gguf.Metadata.Text("tokenizer.chat_template") : ChatTemplateFile.Beside(model.Path);
        return text is null ? null : Parse(text, model.Path, tokenizer);
    }

    /// <summary>Compiles a template.</summary>
    /// <param name="text">Jinja.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <exception cref="InvalidModelException">It is malformed or uses a part of Jinja that is not supported.</exception>
    public static ChatTemplate Parse(string text, string source, Tokenizer tokenizer)
    {
        try
        {
            return new ChatTemplate(JinjaTemplate.Parse(text), source, tokenizer);
        }
        catch (TemplateException e)
        {
            throw new InvalidModelException(
                $"{source}: the chat template cannot be used: {e.Message}. 'generate' without --chat does without it.",
                e
            );
        }
    }

    /// <summary>The conversation as the text that the model continues with its answer. Special tokens are written out in it.</summary>
    /// <param name="messages">The conversation so far.</param>
    /// <param name="now">For templates that tell the date; null for the present.</param>
    /// <exception cref="InvalidInputException">The template refuses the conversation, for example a system message.</exception>
    /// <exception cref="InvalidModelException">The template fails.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, DateTime? now = null)
    {
        var variables = new Dictionary<string, object?>
        {
            ["messages"] = messages
                .Select(message =>
                    (object?)new OrderedDictionary<object, object?> { ["role"] = message.Role, ["content"] = message.Content }
                )
                .ToList(),
            ["tools"] = null,
            ["documents"] = null,
            ["add_generation_prompt"] = true,
            ["bos_token"] = TokenText(_tokenizer.BosTokenId),
            ["eos_token"] = TokenText(_tokenizer.EosTokenId),
        };
        try
        {
            return _template.Render(variables, now ?? DateTime.Now);
        }
        catch (TemplateException e) when (e.ByTemplate)
        {
            throw new InvalidInputException($"The model's chat template refuses this conversation: {e.Message.TrimEnd('.', '!')}.", e);
        }
        catch (TemplateException e)
        {
            throw new InvalidModelException(
                $"{_source}: the chat template fails: {e.Message}. 'generate' without --chat does without it.",
                e
            );
        }
    }

    /// <summary>The conversation as token ids; the tokens that begin and end a text are recognized in what the template prints.</summary>
    /// <param name="messages">The conversation so far.</param>
    /// <exception cref="InvalidInputException">The template refuses the conversation.</exception>
    /// <exception cref="InvalidModelException">The template fails.</exception>
    public int[] Encode(IReadOnlyList<ChatMessage> messages)
    {
        // A tokenizer.model alone takes <s> in a text for letters; in a template it is the token.
        int[] special = [.. new[] { _tokenizer.BosTokenId, _tokenizer.EosTokenId }.Where(id => id >= 0 && !IsRecognized(id)).Distinct()];
        return [.. Encode(Render(messages), special)];
    }

    private IEnumerable<int> Encode(string text, ReadOnlyMemory<int> special)
    {
        if (text.Length == 0)
            return [];
        if (special.IsEmpty)
            return _tokenizer.Encode(text, addSpecialTokens: false);
        int id = special.Span[0];
        return text.Split(TokenText(id)).SelectMany((part, i) => (i == 0 ? (int[])[] : [id]).Concat(Encode(part, special[1..])));
    }

    private bool IsRecognized(int id) =>
        TokenText(id) is var text && (text.Length == 0 || _tokenizer.Encode(text, addSpecialTokens: false) is [var only] && only == id);

    private string TokenText(int id) => id < 0 ? "" : _tokenizer.Decode([id], skipSpecialTokens: false);
}
