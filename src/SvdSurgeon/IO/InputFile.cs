using SvdSurgeon.Tensors;

namespace SvdSurgeon.IO;

/// <summary>Files that the program reads as they were given.</summary>
internal static class InputFile
{
    /// <summary>The whole file, or a sentence that says why not.</summary>
    /// <param name="path">The file.</param>
    /// <param name="error">Makes the exception of a sentence.</param>
    public static byte[] ReadAllBytes(string path, Func<string, Exception?, Exception> error)
    {
        if (Directory.Exists(path))
            throw error($"{path}: this is a folder. Give a file in it.", null);
        try
        {
            byte[] bytes = File.ReadAllBytes(path);
            if (LargeFilePointer.Is(bytes))
                throw error(LargeFilePointer.Sentence(path), null);
            return bytes;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw error($"{path}: the file does not exist. Check the path.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw error($"{path}: the file cannot be read ({e.Message.TrimEnd('.')}). Check its permissions.", e);
        }
    }

    /// <summary>Bytes of a file; where it is a link, of the file that it leads to.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static long Length(string path)
    {
        using var handle = File.OpenHandle(path);
        return RandomAccess.GetLength(handle);
    }
}
