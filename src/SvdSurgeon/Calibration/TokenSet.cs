using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SvdSurgeon.Calibration;

/// <summary>Token ids of calibration sequences, [sequences, length], row-major.</summary>
public sealed class TokenSet
{
    /// <param name="ids">Token ids, row-major, not copied.</param>
    /// <param name="sequences">Rows.</param>
    /// <param name="length">Tokens a row.</param>
    public TokenSet(int[] ids, int sequences, int length)
    {
        if (ids.Length != (long)sequences * length)
            throw new ArgumentException($"{ids.Length} ids are not {sequences} sequences of {length}.", nameof(ids));
        Ids = ids;
        Sequences = sequences;
        Length = length;
    }

    /// <summary>Token ids, row-major.</summary>
    public int[] Ids { get; }

    /// <summary>Rows.</summary>
    public int Sequences { get; }

    /// <summary>Tokens a row.</summary>
    public int Length { get; }

    /// <summary>The ids of <paramref name="count"/> sequences from <paramref name="first"/>.</summary>
    public ReadOnlySpan<int> Rows(int first, int count) => Ids.AsSpan(first * Length, count * Length);

    /// <summary>The first <paramref name="count"/> sequences, or all where there are fewer.</summary>
    public TokenSet Take(int count) => count >= Sequences ? this : new TokenSet(Rows(0, count).ToArray(), count, Length);

    /// <summary>Sequences [first, first + count).</summary>
    public TokenSet Slice(int first, int count) => new(Rows(first, count).ToArray(), count, Length);

    /// <summary>SHA-256 of shape and ids, in hexadecimal: the data's name in artifact keys.</summary>
    public string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<int>([Sequences, Length]));
        hash.AppendData(MemoryMarshal.AsBytes<int>(Ids));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Checks that every id is a word of the model and that sequences fit its positions.</summary>
    /// <exception cref="InvalidInputException">One does not.</exception>
    public void Validate(int vocabularySize, int maxPositions, string source)
    {
        if (Length > maxPositions)
            throw new InvalidInputException(
                $"{source}: sequences of {Length:N0} tokens are longer than the model's {maxPositions:N0} positions. Use --seqlen "
                    + $"{maxPositions} or less."
            );
        if (Length < 2)
            throw new InvalidInputException($"{source}: sequences of {Length} token have nothing to predict; at least 2 are needed.");
        for (int i = 0; i < Ids.Length; i++)
            if ((uint)Ids[i] >= (uint)vocabularySize)
                throw new InvalidInputException(
                    $"{source}: token {Ids[i]} in row {i / Length} is not among the model's {vocabularySize:N0} words. The tokens were "
                        + $"probably made with another tokenizer."
                );
    }
}
