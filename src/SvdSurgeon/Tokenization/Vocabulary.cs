using System.Text;

namespace SvdSurgeon.Tokenization;

/// <summary>The tokens by id, and what is known of each.</summary>
internal sealed class Vocabulary
{
    private readonly string?[] _tokens;
    private readonly bool[] _special;
    private readonly bool[] _added;

    /// <param name="tokens">Tokens by id; null where an id is not used.</param>
    /// <param name="added">Tokens that are matched in the text as a whole; those beyond <paramref name="tokens"/> extend the
    /// vocabulary.</param>
    /// <param name="specialIds">Further tokens that are no text, such as SentencePiece's control tokens.</param>
    /// <param name="unknownId">Id of the unknown token, or −1.</param>
    public Vocabulary(string?[] tokens, IReadOnlyCollection<AddedToken> added, IEnumerable<int> specialIds, int unknownId)
    {
        var size = Math.Max(tokens.Length, added.Count == 0 ? 0 : added.Max(token => token.Id) + 1);
        _tokens = new string?[size];
        tokens.CopyTo(_tokens, 0);
        _special = new bool[size];
        _added = new bool[size];
        UnknownId = unknownId;
        foreach (var token in added)
        {
            _tokens[token.Id] = token.Content;
            _added[token.Id] = true;
            _special[token.Id] = token.Special;
        }
        foreach (var id in specialIds)
            _special[id] = true;
        LongestTokenBytes = _tokens.Max(token => token is null ? 0 : Encoding.UTF8.GetByteCount(token));
    }

    public int Count => _tokens.Length;

    public int UnknownId { get; }

    public int LongestTokenBytes { get; }

    /// <summary>The token of an id, or null where there is none.</summary>
    public string? this[int id] => (uint)id < (uint)_tokens.Length ? _tokens[id] : null;

    public bool IsSpecial(int id) => _special[id];

    /// <summary>Ids of all tokens that are no text.</summary>
    public IEnumerable<int> SpecialIds => Enumerable.Range(0, Count).Where(id => _special[id]);

    public bool IsAdded(int id) => _added[id];
}
