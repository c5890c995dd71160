namespace SvdSurgeon.Tensors;

/// <summary>The few lines that Git LFS keeps in a repository in place of a large file.</summary>
internal static class LargeFilePointer
{
    /// <summary>Bytes that tell one.</summary>
    public const int Length = 40;

    /// <summary>Whether a file begins like such a pointer.</summary>
    public static bool Is(ReadOnlySpan<byte> start) => start.StartsWith("version https://git-lfs.github.com/spec/"u8);

    /// <summary>What the file is, and the way out.</summary>
    public static string Sentence(string path) =>
        $"{path}: this is the pointer that Git LFS keeps in place of the file, not the file. Run 'git lfs pull' in its folder, or download "
        + "the file itself.";
}
