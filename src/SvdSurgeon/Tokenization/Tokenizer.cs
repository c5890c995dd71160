using System.Text;
using SvdSurgeon.Tokenization.Decoding;
using SvdSurgeon.Tokenization.Files;

namespace SvdSurgeon.Tokenization;

/// <summary>Turns text into the token ids of a model and back, exactly as the model's own tokenizer does.</summary>
/// <remarks>Byte-level BPE and SentencePiece BPE, read from a Hugging Face folder, tokenizer.json, vocab.json with merges.txt,
/// a SentencePiece .model file or GGUF metadata. Instances may be used from several threads at once.</remarks>
public abstract class Tokenizer
{
    /// <summary>Opens the tokenizer of a model.</summary>
    /// <param name="path">A model folder (weights are not needed; tokenizer.json, then tokenizer.model, then vocab.json with merges.txt is
    /// taken), or one file: *.gguf, tokenizer.json, vocab.json (merges.txt beside it) or *.model.</param>
    /// <exception cref="InvalidModelException">Nothing there is a tokenizer, or it is damaged or of a kind that is not
    /// supported.</exception>
    public static Tokenizer Open(string path) => TokenizerSource.Open(path);

    /// <summary>
    /// Number of ids: one more than the largest id that a text can be encoded into. The model's embedding may have more rows.
    /// </summary>
    public abstract int VocabularySize { get; }

    /// <summary>Id of the token that begins a text, or −1.</summary>
    public abstract int BosTokenId { get; }

    /// <summary>Id of the token that ends a text, or −1.</summary>
    public abstract int EosTokenId { get; }

    /// <summary>What this tokenizer is and where it came from, for display: "byte-level BPE (tokenizer.json)".</summary>
    public abstract string Kind { get; }

    /// <summary>What the user should know of the files that it was read from: what was defaulted, or is not used.</summary>
    public virtual IReadOnlyList<string> Warnings => [];

    /// <summary>Encodes a text.</summary>
    /// <param name="text">Any UTF-16 text; surrogates without a partner are read as U+FFFD.</param>
    /// <param name="addSpecialTokens">Adds what the model expects around a text, mostly the begin-of-text token.</param>
    public abstract int[] Encode(ReadOnlySpan<char> text, bool addSpecialTokens = true);

    /// <summary>Text of a sequence of ids. Ids outside the vocabulary are skipped; bytes that are not UTF-8 become U+FFFD.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecialTokens">Leaves special tokens such as &lt;s&gt; out of the text.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var text = new StringBuilder(ids.Length * 4);
        var decoder = CreateDecoder(skipSpecialTokens, streaming: false);
        foreach (var id in ids)
            decoder.Add(id, text);
        decoder.Finish(text);
        return text.ToString();
    }

    /// <summary>Starts decoding token by token, for text that is shown while it is generated.</summary>
    /// <param name="skipSpecialTokens">Leaves special tokens out of the text.</param>
    internal TokenStream CreateStream(bool skipSpecialTokens = true) => new(CreateDecoder(skipSpecialTokens, streaming: true));

    /// <summary>Writes this tokenizer as a Hugging Face tokenizer.json, with a tokenizer_config.json beside it, so that a model that came
    /// as GGUF can be saved as a Hugging Face folder. Reading it back gives the same ids and texts.</summary>
    /// <param name="path">The tokenizer.json to write; existing files are replaced.</param>
    /// <exception cref="InvalidModelException">This tokenizer has a part that tokenizer.json cannot say.</exception>
    public abstract void WriteTokenizerJson(string path);

    internal abstract PieceDecoder CreateDecoder(bool skipSpecialTokens, bool streaming);
}
