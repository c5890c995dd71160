using SvdSurgeon.Formats;

namespace SvdSurgeon.Calibration;

/// <summary>Ready token ids, so that a run can be repeated exactly in another program: one long text, or one sequence a row.</summary>
internal sealed class TokenFile
{
    private readonly int[] _tokens;

    private TokenFile(int[] tokens, int rows, int columns, bool isFlat)
    {
        _tokens = tokens;
        (Rows, Columns, IsFlat) = (rows, columns, isFlat);
    }

    /// <summary>Sequences; 1 for a flat file.</summary>
    public int Rows { get; }

    /// <summary>Tokens of a sequence.</summary>
    public int Columns { get; }

    /// <summary>True for a one-dimensional file: one text, to be cut into windows.</summary>
    public bool IsFlat { get; }

    /// <summary>All ids, row after row.</summary>
    public ReadOnlyMemory<int> Tokens => _tokens;

    /// <summary>The ids of one row.</summary>
    public ReadOnlyMemory<int> Row(int row) => _tokens.AsMemory(checked(row * Columns), Columns);

    /// <summary>Reads a .npy file of int32 or int64, [tokens] or [sequences, tokens].</summary>
    /// <param name="path">The file.</param>
    /// <param name="vocabularySize">Every id must lie below it.</param>
    /// <exception cref="InvalidInputException">The file is missing, damaged, empty, of another kind, or an id is no word of the
    /// model.</exception>
    public static TokenFile Read(string path, int vocabularySize = int.MaxValue)
    {
        var (shape, tokens) = NpyFile.Read(path);
        if (tokens.Length == 0)
            throw new InvalidInputException($"{path}: there are no tokens in the file.");
        for (int i = 0; i < tokens.Length; i++)
            if ((uint)tokens[i] >= (uint)vocabularySize)
                throw new InvalidInputException(
                    $"{path}: entry {i} is {tokens[i]}, but token ids are 0 to {vocabularySize - 1}. Were these ids made with another "
                        + $"model's tokenizer?"
                );
        return shape.Length == 1 ? new(tokens, 1, tokens.Length, true) : new(tokens, shape[0], shape[1], false);
    }

    /// <summary>Sequences of equal length.</summary>
    public static TokenFile FromRows(int[] tokens, int columns) => new(tokens, tokens.Length / columns, columns, false);

    /// <summary>Writes int32 under a temporary name and renames.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path) => NpyFile.Write(path, IsFlat ? [Columns] : [Rows, Columns], _tokens);
}
