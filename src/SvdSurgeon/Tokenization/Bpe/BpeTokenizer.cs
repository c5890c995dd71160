using System.Collections.Concurrent;
using SvdSurgeon.Tokenization.Decoding;
using SvdSurgeon.Tokenization.Files;
using SvdSurgeon.Tokenization.Splitting;

namespace SvdSurgeon.Tokenization.Bpe;

/// <summary>The tokenizer of every format: added tokens, normalizer, splitters, BPE, special tokens around the text.</summary>
internal sealed class BpeTokenizer : Tokenizer
{
    // The work space of a longer text is not worth keeping.
    private const int LongestKept = 1 << 22;

    private readonly TokenizerParts _parts;
    private readonly AddedTokenFinder _rawTokens;
    private readonly AddedTokenFinder _normalizedTokens;
    private readonly ConcurrentBag<BpeWorkspace> _workspaces = [];

    public BpeTokenizer(TokenizerParts parts)
    {
        _parts = parts;
        foreach (var id in parts.Prefix.Concat(parts.Suffix))
            if (parts.Vocabulary[id] is null)
                throw new InvalidModelException(
                    $"{parts.File}: texts are to begin or end with the token {id}, which is not in the vocabulary."
                );
        _rawTokens = new AddedTokenFinder(parts.AddedTokens.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        _normalizedTokens = new AddedTokenFinder(
            parts
                .AddedTokens.Where(token => token.Normalized)
                .Select(token => (parts.Normalizer?.NormalizeToken(token.Content) ?? token.Content, token))
        );
    }

    public TokenizerParts Parts => _parts;

    public override int VocabularySize => _parts.Vocabulary.Count;

    public override int BosTokenId => _parts.BosTokenId;

    public override int EosTokenId => _parts.EosTokenId;

    public override string Kind => _parts.Kind;

    public override IReadOnlyList<string> Warnings => _parts.Warnings;

    public override int[] Encode(ReadOnlySpan<char> text, bool addSpecialTokens = true)
    {
        if (!_workspaces.TryTake(out var workspace))
            workspace = new BpeWorkspace(_parts.Model.Merges);
        var output = workspace.Output;
        output.Clear();
        if (addSpecialTokens)
            output.Add(_parts.Prefix);
        EncodeText(WithoutLoneSurrogates(text), workspace);
        if (addSpecialTokens)
            output.Add(_parts.Suffix);
        var ids = output.Ids.ToArray();
        if (text.Length <= LongestKept)
            _workspaces.Add(workspace);
        return ids;
    }

    public override void WriteTokenizerJson(string path) => TokenizerJsonWriter.Write(_parts, path);

    internal override PieceDecoder CreateDecoder(bool skipSpecialTokens, bool streaming) =>
        _parts.JoinsTokens ? new JoiningDecoder(_parts.Vocabulary, skipSpecialTokens)
        : _parts.Decoding is { } decoding ? new SentencePieceDecoder(_parts.Vocabulary, decoding, skipSpecialTokens, streaming)
        : new ByteLevelDecoder(_parts.Vocabulary, skipSpecialTokens);

    private static ReadOnlySpan<char> WithoutLoneSurrogates(ReadOnlySpan<char> text)
    {
        char[]? copy = null;
        for (var i = 0; i < text.Length; i++)
        {
            var skip = text[i..].IndexOfAnyInRange('\uD800', '\uDFFF');
            if (skip < 0)
                break;
            i += skip;
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
                i++;
            else
                (copy ??= text.ToArray())[i] = '\uFFFD';
        }
        return copy ?? text;
    }

    private void EncodeText(ReadOnlySpan<char> text, BpeWorkspace workspace)
    {
        for (var start = 0; start < text.Length; )
        {
            var from = text.Length;
            var end = text.Length;
            var token = _rawTokens.IsEmpty ? null : _rawTokens.Find(text, start, out from, out end);
            if (from > start)
                EncodeUnnormalized(text[start..from], start == 0, workspace);
            if (token is not null)
                workspace.Output.Add(token.Id);
            start = end;
        }
    }

    private void EncodeUnnormalized(ReadOnlySpan<char> text, bool atStart, BpeWorkspace workspace)
    {
        if (_parts.Normalizer is { } normalizer)
            text = normalizer.Normalize(text.ToString());
        for (var start = 0; start < text.Length; )
        {
            var from = text.Length;
            var end = text.Length;
            var token = _normalizedTokens.IsEmpty ? null : _normalizedTokens.Find(text, start, out from, out end);
            if (from > start)
                EncodePlain(text[start..from], atStart && start == 0, workspace);
            if (token is not null)
                workspace.Output.Add(token.Id);
            start = end;
        }
    }

    private void EncodePlain(ReadOnlySpan<char> text, bool atStart, BpeWorkspace workspace)
    {
        if (_parts.Metaspace is { } metaspace)
            text = metaspace.Apply(text, atStart);
        if (_parts.AddPrefixSpace && text[0] != ' ')
            text = " " + text.ToString();
        EncodePieces(text, 0, workspace);
    }

    private void EncodePieces(ReadOnlySpan<char> text, int level, BpeWorkspace workspace)
    {
        // The splitters of the text, then those of its bytes.
        var (ofText, ofBytes) = (_parts.Splitters, _parts.SplittersOfBytes);
        if (level == ofText.Length && ofBytes.Length > 0)
            text = ByteAlphabet.Write(text);
        if (level == ofText.Length + ofBytes.Length)
        {
            if (ofBytes.Length > 0)
                ((ByteLevelBpe)_parts.Model).EncodeBytes(text, workspace, workspace.Output);
            else
                _parts.Model.Encode(text, workspace, workspace.Output);
            return;
        }
        var splitter = level < ofText.Length ? ofText[level] : ofBytes[level - ofText.Length];
        if (splitter is ScanningSplitter scanning)
        {
            for (var start = 0; start < text.Length; )
            {
                var end = scanning.EndOfPiece(text, start);
                EncodePieces(text[start..end], level + 1, workspace);
                start = end;
            }
        }
        else
        {
            foreach (var (start, end) in ((RegexSplitter)splitter).Split(text))
                EncodePieces(text[start..end], level + 1, workspace);
        }
    }
}
