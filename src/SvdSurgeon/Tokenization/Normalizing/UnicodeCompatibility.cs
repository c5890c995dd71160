using System.IO.Compression;

namespace SvdSurgeon.Tokenization.Normalizing;

/// <summary>What normalization forms KC and KD need to know of characters besides <see cref="UnicodeComposition"/>.</summary>
internal static partial class UnicodeCompatibility
{
    private static readonly Dictionary<int, int[]> Decompositions = Unpack();

    /// <summary>The full compatibility decomposition of a character; null where it is the canonical one.</summary>
    public static IReadOnlyList<int>? Decomposition(int character) => Decompositions.GetValueOrDefault(character);

    private static Dictionary<int, int[]> Unpack()
    {
        using var packed = new MemoryStream(Convert.FromBase64String(Packed));
        using var data = new DeflateStream(packed, CompressionMode.Decompress);
        var decompositions = new Dictionary<int, int[]>();
        var character = 0;
        for (var count = ReadInteger(data); count > 0; count--)
        {
            character += ReadInteger(data);
            var parts = new int[ReadInteger(data)];
            for (var i = 0; i < parts.Length; i++)
                parts[i] = ReadInteger(data);
            decompositions.Add(character, parts);
        }
        return decompositions;
    }

    private static int ReadInteger(Stream data)
    {
        var value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = data.ReadByte();
            value |= (next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
    }
}
