using SvdSurgeon.IO;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>Files of tokenizers.</summary>
internal static class TokenizerFile
{
    /// <summary>The whole file.</summary>
    /// <exception cref="InvalidModelException">It is missing, cannot be read, or is only the pointer to a large file.</exception>
    public static byte[] ReadAllBytes(string path) =>
        InputFile.ReadAllBytes(path, (sentence, inner) => new InvalidModelException(sentence, inner));
}
