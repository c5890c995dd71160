using SvdSurgeon.Calibration;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>
/// The blocks of calibration sequences that statistics are summed in: each block from zero, then block after block in order, so that the
/// sums are the same to the last bit whether one run went through all blocks, a killed run went on, or several machines took some blocks
/// each.
/// </summary>
/// <param name="Sequences">All sequences.</param>
/// <param name="Size">Sequences a block; the last one may have fewer.</param>
internal readonly record struct SequenceBlocks(int Sequences, int Size)
{
    /// <summary>A part holds at most this many sequences: little is lost to a kill, and the file system is not flooded.</summary>
    public const int PerGradientPart = 32;

    /// <summary>
    /// Sequences go through the model together up to this many tokens. It cuts the float32 sums, so it depends on nothing but this number.
    /// </summary>
    public const int TokensAtOnce = 1024;

    // More blocks would only make more of every shard's files.
    private const int Most = 16;

    // Short runs are cut into this many blocks even where a block then has few tokens, so that they can be shared too.
    private const int Fewest = 4;

    /// <summary>Blocks of <paramref name="sequences"/> sequences of <paramref name="length"/> tokens.</summary>
    /// <param name="sequences">All sequences.</param>
    /// <param name="length">Tokens a sequence.</param>
    /// <param name="largest">Most sequences a block.</param>
    public static SequenceBlocks Of(int sequences, int length, int largest = int.MaxValue) =>
        new(
            sequences,
            Math.Min(largest, Math.Max(Ceiling(sequences, Most), Math.Min(Ceiling(TokensAtOnce, length), Ceiling(sequences, Fewest))))
        );

    /// <inheritdoc cref="Of(int, int, int)"/>
    public static SequenceBlocks Of(TokenSet tokens, int largest = int.MaxValue) => Of(tokens.Sequences, tokens.Length, largest);

    /// <summary>Number of blocks.</summary>
    public int Count => Ceiling(Sequences, Size);

    /// <summary>First sequence of a block.</summary>
    public int First(int block) => block * Size;

    /// <summary>Sequences of a block.</summary>
    public int Length(int block) => Math.Min(Size, Sequences - First(block));

    /// <summary>The blocks of a shard, or all of them.</summary>
    /// <exception cref="InvalidInputException">There are more shards than blocks.</exception>
    public IReadOnlyList<int> Of(Shard? shard)
    {
        if (shard is null)
            return [.. Enumerable.Range(0, Count)];
        if (shard.Count > Count)
            throw new InvalidInputException(
                $"--shard {shard}: {Sequences} sequences are summed in {Count} blocks of {Size}, too few for {shard.Count} shards. Use "
                    + $"{Count} shards or fewer, or more sequences."
            );
        int first = (int)((long)Count * (shard.Index - 1) / shard.Count),
            end = (int)((long)Count * shard.Index / shard.Count);
        return [.. Enumerable.Range(first, end - first)];
    }

    /// <summary>The batches of a block that go through the model together.</summary>
    /// <param name="block">The block.</param>
    /// <param name="length">Tokens a sequence.</param>
    /// <returns>First sequence and number of sequences.</returns>
    public IEnumerable<(int First, int Count)> Batches(int block, int length)
    {
        int batch = Math.Max(1, TokensAtOnce / length),
            end = First(block) + Length(block);
        for (int first = First(block); first < end; first += batch)
            yield return (first, Math.Min(batch, end - first));
    }

    private static int Ceiling(int a, int b) => (a + b - 1) / b;
}
