namespace SvdSurgeon.Tokenization.Bpe;

/// <summary>
/// The alphabet of byte-level BPE (GPT-2): every byte has a visible character, so that tokens are strings without spaces and controls.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = BuildCharacters();
    private static readonly short[] Bytes = BuildBytes();

    /// <summary>The character that stands for a byte: itself where it is printable, else one from U+0100 on, in the bytes' order.</summary>
    public static char CharacterOf(byte value) => Characters[value];

    /// <summary>Bytes of a token; false if a character of it is not in the alphabet.</summary>
    public static bool TryGetBytes(ReadOnlySpan<char> token, Span<byte> bytes, out int count)
    {
        count = token.Length;
        for (var i = 0; i < token.Length; i++)
        {
            if (token[i] >= Bytes.Length || Bytes[token[i]] is var value && value < 0)
                return false;
            bytes[i] = (byte)value;
        }
        return true;
    }

    /// <summary>The bytes of a text in UTF-8, a character each.</summary>
    public static string Write(ReadOnlySpan<char> text)
    {
        var bytes = new byte[System.Text.Encoding.UTF8.GetByteCount(text)];
        System.Text.Encoding.UTF8.GetBytes(text, bytes);
        return string.Create(
            bytes.Length,
            bytes,
            (characters, all) =>
            {
                for (var i = 0; i < characters.Length; i++)
                    characters[i] = Characters[all[i]];
            }
        );
    }

    private static char[] BuildCharacters()
    {
        var characters = new char[256];
        var next = (char)256;
        for (var b = 0; b < 256; b++)
        {
            var printable = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            characters[b] = printable ? (char)b : next++;
        }
        return characters;
    }

    private static short[] BuildBytes()
    {
        var bytes = new short[Characters.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (var b = 0; b < 256; b++)
            bytes[Characters[b]] = (short)b;
        return bytes;
    }
}
