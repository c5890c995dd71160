using SvdSurgeon.Formats.HuggingFace;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>Finds out which tokenizer a path holds.</summary>
internal static class TokenizerSource
{
    public static Tokenizer Open(string path)
    {
        if (Directory.Exists(path))
            return OpenFolder(path);
        if (!File.Exists(path))
            throw new InvalidModelException($"{path}: no such file or folder.");
        try
        {
            return Path.GetExtension(path) switch
            {
                ".gguf" => GgufTokenizerReader.Read(path),
                ".model" => SentencePieceReader.Read(path),
                ".json" when Path.GetFileName(path) == "vocab.json" => VocabularyMergesReader.Read(path, MergesBeside(path)),
                ".json" => TokenizerJsonReader.Read(path),
                _ => throw new InvalidModelException(
                    $"{path}: not a tokenizer. Give a model folder, a .gguf file, tokenizer.json, vocab.json (with merges.txt beside it) "
                        + $"or a SentencePiece .model file."
                ),
            };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidModelException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    private static Tokenizer OpenFolder(string folder)
    {
        string[] candidates = ["tokenizer.json", "tokenizer.model", "vocab.json"];
        foreach (var name in candidates)
            if (File.Exists(Path.Combine(folder, name)))
                return Open(Path.Combine(folder, name));
        if (Directory.GetFiles(folder, "*.gguf") is [var gguf])
            return Open(gguf);
        throw new InvalidModelException(
            $"{folder}: the folder holds no tokenizer. Looked for tokenizer.json, tokenizer.model, and vocab.json with merges.txt; copy "
                + $"them from the model's repository.{HubCache.Hint(folder)}"
        );
    }

    private static string MergesBeside(string vocabulary)
    {
        var merges = Path.Combine(Path.GetDirectoryName(vocabulary) ?? "", "merges.txt");
        return File.Exists(merges)
            ? merges
            : throw new InvalidModelException(
                $"{vocabulary}: merges.txt is not beside it. Both are needed; fetch it from the model's repository."
            );
    }
}
