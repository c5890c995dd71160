using Microsoft.ML.Tokenizers;

namespace SvdSurgeon.MLTokenizers;

/// <summary>
/// The tokenizers of models as <see cref="Microsoft.ML.Tokenizers.Tokenizer"/>, for programs that use that package already: the same ids as
/// SvdSurgeon's own reader, which needs no package and reads more formats.
/// </summary>
public static class MLTokenizer
{
    // The pre-tokenizer of GPT-2: contractions, words with one space before them, numbers, other signs, spaces.
    private const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>
    /// Opens vocab.json with merges.txt beside it (byte-level BPE, such as OPT's), or a SentencePiece .model file. Adds no special tokens.
    /// </summary>
    /// <param name="path">A model folder or one of these files.</param>
    /// <exception cref="InvalidInputException">There is neither; the package has no reader for tokenizer.json or GGUF.</exception>
    public static Tokenizer Open(string path)
    {
        string? model = Find(path, "tokenizer.model", ".model"),
            vocabulary = Find(path, "vocab.json", "vocab.json");
        if (model is not null)
        {
            using var stream = File.OpenRead(model);
            return LlamaTokenizer.Create(stream, addBeginOfSentence: false, addEndOfSentence: false);
        }
        if (vocabulary is null)
            throw new InvalidInputException(
                $"{path}: Microsoft.ML.Tokenizers reads vocab.json with merges.txt, or a SentencePiece .model file. "
                    + $"SvdSurgeon.Tokenization.Tokenizer reads the others."
            );
        var options = new BpeOptions(vocabulary, Path.Combine(Path.GetDirectoryName(vocabulary) ?? "", "merges.txt"))
        {
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(new System.Text.RegularExpressions.Regex(Gpt2Pattern), null),
        };
        return BpeTokenizer.Create(options);
    }

    private static string? Find(string path, string inFolder, string suffix)
    {
        if (File.Exists(path))
            return path.EndsWith(suffix, StringComparison.Ordinal) ? path : null;
        string file = Path.Combine(path, inFolder);
        return File.Exists(file) ? file : null;
    }
}
