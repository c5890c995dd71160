using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>Turns context and continuation into token ids by the rules of lm-evaluation-harness 0.4.13 (api/model.py and
/// models/huggingface.py).</summary>
internal sealed class ContinuationEncoder
{
    private readonly Tokenizer _tokenizer;
    private readonly int _maxLength;
    private readonly int _startId;
    private readonly string _startText;
    private string? _lastContext;
    private int[] _lastIds = [];

    /// <param name="tokenizer">The model's.</param>
    /// <param name="maxLength">Most tokens that the model reads at once.</param>
    public ContinuationEncoder(Tokenizer tokenizer, int maxLength)
    {
        (_tokenizer, _maxLength) = (tokenizer, maxLength);
        _startId = tokenizer.BosTokenId >= 0 ? tokenizer.BosTokenId : tokenizer.EosTokenId;
        _startText = _startId < 0 ? "" : tokenizer.Decode([_startId], skipSpecialTokens: false);
    }

    /// <summary>The ids of both, cut at the front to what the model can read.</summary>
    /// <param name="context">What stands before.</param>
    /// <param name="continuation">What is scored.</param>
    /// <param name="where">The item, for messages.</param>
    /// <exception cref="InvalidInputException">Nothing is left to score or to predict from, or the continuation alone is too
    /// long.</exception>
    public ScoredText Encode(string context, string continuation, string where)
    {
        int[] before,
            scored;
        if (context.Length == 0)
        {
            if (_startId < 0)
                throw new InvalidInputException(
                    $"{where}: the context is empty, and the model has no token that starts or ends a text to begin with."
                );
            before = [_startId];
            scored = _tokenizer.Encode(continuation, addSpecialTokens: false);
        }
        else
        {
            // White space at the end of the context belongs to the first word after it: so the tokens of the whole are split where a
            // tokenizer would.
            string kept = PythonText.TrimEnd(context);
            int[] whole = WithSpecialTokens(context + continuation);
            before = OfContext(kept);
            scored = whole.Length > before.Length ? whole[before.Length..] : [];
            if (before.Length == 0)
                throw new InvalidInputException($"{where}: the context is only white space, and the tokenizer puts no token before it.");
        }
        if (scored.Length == 0)
            throw new InvalidInputException($"{where}: the choice '{continuation}' has no token of its own after the context.");
        if (scored.Length > _maxLength)
            throw new InvalidInputException(
                $"{where}: the choice has {scored.Length:N0} tokens, more than the {_maxLength:N0} that the model reads at once."
            );
        int dropped = Math.Max(0, before.Length + scored.Length - _maxLength - 1);
        return new ScoredText([.. before.Skip(dropped), .. scored], scored.Length, before.Length, dropped);
    }

    // The choices of an item share their context.
    private int[] OfContext(string context)
    {
        if (context == _lastContext)
            return _lastIds;
        _lastIds = WithSpecialTokens(context);
        _lastContext = context;
        return _lastIds;
    }

    // A text that already begins with the start token gets no second one.
    private int[] WithSpecialTokens(string text) =>
        _tokenizer.Encode(text, addSpecialTokens: _startText.Length == 0 || !text.StartsWith(_startText, StringComparison.Ordinal));
}
