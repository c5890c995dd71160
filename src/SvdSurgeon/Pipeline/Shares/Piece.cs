namespace SvdSurgeon.Pipeline.Shares;

/// <summary>
/// One of several independent pieces of work. It leaves files, each written as a whole, and computes them from what is on disk and the
/// same for everybody: whoever makes it, and if two do, the bytes are equal.
/// </summary>
/// <param name="Key">Its name, the same for all processes.</param>
/// <param name="IsDone">Whether its files are there.</param>
/// <param name="Make">Makes them.</param>
internal sealed record Piece(string Key, Func<bool> IsDone, Action Make)
{
    /// <summary>
    /// A piece that leaves several files of one folder: what cannot be cut further, since each waits for the one before it.
    /// </summary>
    public static Piece Of(IReadOnlyList<string> files, Action make) => Of(files[^1], make) with { IsDone = () => files.All(File.Exists) };

    /// <summary>A piece that leaves one file.</summary>
    public static Piece Of(string file, Action make) =>
        new(Path.GetFileName(Path.GetDirectoryName(file)!) + "/" + Path.GetFileName(file), () => File.Exists(file), make);
}
