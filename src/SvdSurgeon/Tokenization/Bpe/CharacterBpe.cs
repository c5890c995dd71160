using System.Text;

namespace SvdSurgeon.Tokenization.Bpe;

/// <summary>
/// BPE whose first symbols are characters (SentencePiece style); characters that are unknown become byte tokens or the unknown token.
/// </summary>
internal sealed class CharacterBpe : BpeModel
{
    private readonly int[] _basicIds = new int[char.MaxValue + 1];
    private readonly Dictionary<int, int> _supplementaryIds = [];
    private readonly int[]? _byteIds;
    private readonly int _unknownId;
    private readonly bool _fuseUnknown;
    private readonly int[]?[] _expansions;
    private readonly int _firstExpanded;
    private readonly char _space;
    private readonly HashSet<char> _beforeInnerSpace;

    public CharacterBpe(CharacterBpeParts parts)
        : base(parts.Merges)
    {
        Array.Fill(_basicIds, -1);
        foreach (var (character, id) in parts.CharacterIds)
        {
            if (character <= char.MaxValue)
                _basicIds[character] = id;
            else
                _supplementaryIds[character] = id;
        }
        _byteIds = parts.ByteIds;
        _unknownId = parts.UnknownId;
        _fuseUnknown = parts.FuseUnknown;
        _space = parts.Space;
        _beforeInnerSpace = CharactersBeforeInnerSpaces(parts.Pieces, _space);
        _firstExpanded = parts.Expanded.Count == 0 ? int.MaxValue : parts.Expanded.Keys.Min();
        _expansions = new int[parts.Expanded.Count == 0 ? 0 : parts.Expanded.Keys.Max() - _firstExpanded + 1][];
        foreach (var (symbol, expansion) in parts.Expanded)
            _expansions[symbol - _firstExpanded] = expansion;
    }

    public bool HasByteFallback => _byteIds is not null;

    public bool FusesUnknown => _fuseUnknown;

    // No token can reach across a place where a space follows a character that no token has before a space inside it,
    // so the text is cut there and most of the cuts are words of the cache.
    public override void Encode(ReadOnlySpan<char> piece, BpeWorkspace workspace, TokenBuffer output)
    {
        var first = output.Count;
        while (!piece.IsEmpty)
        {
            var end = EndOfWord(piece);
            var start = output.Count;
            EncodeWord(piece[..end], workspace, output);
            if (
                _fuseUnknown
                && start > first
                && output.Count > start
                && output.Ids[start] == _unknownId
                && output.Ids[start - 1] == _unknownId
            )
                output.RemoveAt(start);
            piece = piece[end..];
        }
    }

    protected override void EncodeNewWord(ReadOnlySpan<char> word, BpeWorkspace workspace, TokenBuffer output)
    {
        var symbols = output.Reserve(3 * word.Length); // three bytes of UTF-8 a UTF-16 unit, at most
        var count = 0;
        for (var i = 0; i < word.Length; i++)
        {
            int id;
            if (char.IsSurrogatePair(word[i], i + 1 < word.Length ? word[i + 1] : '\0'))
            {
                var rune = new Rune(word[i], word[i + 1]);
                i++;
                if (_supplementaryIds.TryGetValue(rune.Value, out id))
                    symbols[count++] = id;
                else
                    AddUnknown(rune, symbols, ref count);
            }
            else if ((id = _basicIds[word[i]]) >= 0)
            {
                symbols[count++] = id;
            }
            else
            {
                AddUnknown(new Rune(word[i]), symbols, ref count);
            }
        }
        count = workspace.Merger.Merge(symbols[..count]);
        if (_expansions.Length > 0 && symbols[..count].IndexOfAnyInRange(_firstExpanded, _firstExpanded + _expansions.Length - 1) >= 0)
            AddExpanded(symbols[..count].ToArray(), output);
        else
            output.Keep(count);
    }

    private static HashSet<char> CharactersBeforeInnerSpaces(IEnumerable<string> pieces, char space)
    {
        var characters = new HashSet<char>();
        foreach (var piece in pieces)
            for (var i = 1; i < piece.Length; i++)
                if (piece[i] == space && piece[i - 1] != space)
                    characters.Add(piece[i - 1]);
        return characters;
    }

    private int EndOfWord(ReadOnlySpan<char> text)
    {
        for (var at = 1; at < text.Length; at++)
        {
            var skip = text[at..].IndexOf(_space);
            if (skip < 0)
                break;
            at += skip;
            if (text[at - 1] != _space && (_beforeInnerSpace.Count == 0 || !_beforeInnerSpace.Contains(text[at - 1])))
                return at;
        }
        return text.Length;
    }

    private void AddUnknown(Rune rune, Span<int> symbols, ref int count)
    {
        if (_byteIds is not null)
        {
            Span<byte> bytes = stackalloc byte[4];
            var length = rune.EncodeToUtf8(bytes);
            foreach (var value in bytes[..length])
                symbols[count++] = _byteIds[value];
        }
        else if (_unknownId >= 0 && !(_fuseUnknown && count > 0 && symbols[count - 1] == _unknownId))
        {
            symbols[count++] = _unknownId;
        }
    }

    private void AddExpanded(int[] symbols, TokenBuffer output)
    {
        var start = output.Count;
        foreach (var symbol in symbols)
        {
            ReadOnlySpan<int> ids =
                (uint)(symbol - _firstExpanded) < (uint)_expansions.Length && _expansions[symbol - _firstExpanded] is { } expansion
                    ? expansion
                    : [symbol];
            foreach (var id in ids)
                if (!(_fuseUnknown && id == _unknownId && output.Count > start && output.Ids[^1] == _unknownId))
                    output.Add(id);
        }
    }
}
