using System.Buffers.Binary;
using System.Security.Cryptography;
using SvdSurgeon.Calibration;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Evaluation.Corpora;

/// <summary>A named text, cut into windows.</summary>
/// <param name="Name">What the user calls it.</param>
/// <param name="Source">Its files.</param>
/// <param name="Windows">The windows.</param>
/// <param name="LoadedTokens">Tokens of the text that were read, before what fills no window was left off.</param>
/// <param name="Documents">Documents that they come from.</param>
internal sealed record Corpus(string Name, string Source, TokenWindows Windows, int LoadedTokens, int Documents)
{
    /// <summary>Tokens that are predicted.</summary>
    public long ScoredTokens => (long)Windows.Count * (Windows.Length - 1);

    /// <summary>Reads a text and cuts it.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="paths">.txt or .jsonl, also with .gz; several are joined.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="protocol">How.</param>
    /// <param name="notes">Gets a sentence where a file is not what its name says.</param>
    /// <exception cref="InvalidInputException">The file cannot be read, or fills no window.</exception>
    public static Corpus Read(
        string name,
        IReadOnlyList<string> paths,
        Tokenizer tokenizer,
        CorpusProtocol protocol,
        ICollection<string>? notes = null
    )
    {
        var documents = TextSource.ReadDocuments(paths, notes);
        var (ids, read) = protocol.ByDocument
            ? ByDocument(documents, tokenizer, protocol)
            : (tokenizer.Encode(string.Join(TextSource.Separator, documents), protocol.AddsSpecialTokens), documents.Count);
        var used = ids.AsSpan(0, Math.Min(ids.Length, protocol.MaxTokens ?? int.MaxValue));
        if (used.Length < protocol.Length)
            throw new InvalidInputException(
                $"{string.Join(", ", paths)}: {used.Length:N0} tokens are fewer than one window of {protocol.Length:N0}: use "
                    + $"a longer text or a smaller --seqlen."
            );
        return new Corpus(
            name,
            string.Join(", ", paths),
            TokenWindows.FromText(used, protocol.Length, protocol.Windows ?? 0, protocol.Contiguous),
            used.Length,
            read
        );
    }

    /// <summary>SHA-256 of the windows' ids, each as eight bytes, little endian: LowRankArena's scored_token_sha256.</summary>
    public string TokenHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[8];
        foreach (int id in Windows.Slice(0, Windows.Count))
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes, id);
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // As the arena reads C4: no more documents than the tokens need.
    private static (int[] Ids, int Documents) ByDocument(IReadOnlyList<string> documents, Tokenizer tokenizer, CorpusProtocol protocol)
    {
        var ids = new List<int>();
        int[] separator = tokenizer.Encode(TextSource.Separator, addSpecialTokens: false);
        int read = 0;
        foreach (string document in documents.Where(text => !string.IsNullOrWhiteSpace(text)))
        {
            if (read++ > 0)
                ids.AddRange(separator);
            ids.AddRange(tokenizer.Encode(document, protocol.AddsSpecialTokens && read == 1));
            if (ids.Count >= protocol.MaxTokens)
                break;
        }
        return ([.. ids], read);
    }
}
