using SvdSurgeon.Backends;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Models;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Chat;

/// <summary>A conversation with a model. What the key-value cache holds of it already is not computed again.</summary>
internal sealed class ChatSession : IDisposable
{
    // Positions that the cache has room for unless the model has fewer.
    private const int DefaultContext = 4096;

    private readonly Tokenizer _tokenizer;
    private readonly ChatTemplate _template;
    private readonly IReadOnlyCollection<int> _stop;
    private readonly CachedDecoder _decoder;
    private readonly TokenSampler _sampler;
    private readonly float[] _logits;
    private readonly List<int> _cached = [];
    private readonly List<ChatMessage> _messages = [];
    private readonly ChatMessage? _system;

    /// <param name="model">Model.</param>
    /// <param name="backend">Device.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="template">Its chat template.</param>
    /// <param name="sampling">How tokens are chosen.</param>
    /// <param name="stop">Tokens that end an answer.</param>
    /// <param name="system">Instructions before the conversation; null for none.</param>
    /// <exception cref="InvalidInputException">The sampling makes no sense.</exception>
    public ChatSession(
        DecoderModel model,
        IBackend backend,
        Tokenizer tokenizer,
        ChatTemplate template,
        SamplingOptions sampling,
        IReadOnlyCollection<int> stop,
        string? system = null
    )
    {
        (_tokenizer, _template, _stop) = (tokenizer, template, stop);
        _sampler = new TokenSampler(sampling);
        _logits = new float[model.Config.VocabSize];
        _system = system is null ? null : new ChatMessage(ChatMessage.System, system);
        _decoder = new CachedDecoder(model, backend, Math.Min(DefaultContext, model.Config.MaxPositions));
        Clear();
    }

    /// <summary>The conversation so far.</summary>
    public IReadOnlyList<ChatMessage> Messages => _messages;

    /// <summary>Forgets the conversation, but not the instructions before it.</summary>
    public void Clear()
    {
        _messages.Clear();
        if (_system is not null)
            _messages.Add(_system);
    }

    /// <summary>The model's answer, piece by piece as it is made. It is part of the conversation once it was read to its end.</summary>
    /// <param name="text">What the person says.</param>
    /// <param name="count">Most tokens of the answer.</param>
    /// <param name="cancellation">Checked for every token.</param>
    /// <exception cref="InvalidInputException">The template refuses the message, or the conversation has filled the model's
    /// positions.</exception>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    public IEnumerable<string> Reply(string text, int count, CancellationToken cancellation = default)
    {
        List<ChatMessage> asked = [.. _messages, new(ChatMessage.User, text)];
        int[] prompt = _template.Encode(asked);
        int room = _decoder.Capacity - prompt.Length;
        if (prompt.Length == 0 || room < 1)
            throw new InvalidInputException(
                $"The conversation takes {prompt.Length} tokens, and there is room for {_decoder.Capacity}. /clear begins a new one."
            );
        return Answer(asked, prompt, Math.Min(count, room), cancellation);
    }

    /// <summary>Frees the cache.</summary>
    public void Dispose() => _decoder.Dispose();

    private IEnumerable<string> Answer(List<ChatMessage> asked, int[] prompt, int count, CancellationToken cancellation)
    {
        // At least one token is computed: the logits after the last are needed.
        int known = Math.Min(prompt.Length - 1, prompt.AsSpan().CommonPrefixLength([.. _cached]));
        _decoder.Rewind(known);
        _cached.RemoveRange(known, _cached.Count - known);
        int[] next = prompt[known..];
        var stream = _tokenizer.CreateStream();
        var answer = new List<string>();
        for (int made = 0; made < count; made++)
        {
            cancellation.ThrowIfCancellationRequested();
            _decoder.Append(next, _logits);
            _cached.AddRange(next);
            int token = _sampler.Next(_logits);
            if (_stop.Contains(token))
                break;
            answer.Add(stream.Add(token));
            yield return answer[^1];
            next = [token];
        }
        answer.Add(stream.Finish());
        if (answer[^1].Length > 0)
            yield return answer[^1];
        _messages.Clear();
        _messages.AddRange(asked);
        _messages.Add(new ChatMessage(ChatMessage.Assistant, string.Concat(answer)));
    }
}
