using System.IO.Compression;

namespace SvdSurgeon.Tokenization.Normalizing;

/// <summary>What normalization form C needs to know of characters.</summary>
internal static partial class UnicodeComposition
{
    private const int HangulBase = 0xAC00,
        LeadBase = 0x1100,
        VowelBase = 0x1161,
        TailBase = 0x11A7;
    private const int LeadCount = 19,
        VowelCount = 21,
        TailCount = 28;

    private static readonly Dictionary<int, (int First, int Second)> Decompositions = [];
    private static readonly Dictionary<(int First, int Second), int> Compositions = [];
    private static readonly Dictionary<int, byte> CombiningClasses = [];
    private static readonly HashSet<int> Changeable = [];

    static UnicodeComposition()
    {
        using var packed = new MemoryStream(Convert.FromBase64String(Packed));
        using var data = new DeflateStream(packed, CompressionMode.Decompress);
        var character = 0;
        for (var count = ReadInteger(data); count > 0; count--)
        {
            character += ReadInteger(data);
            var first = ReadInteger(data);
            var second = ReadInteger(data);
            Decompositions[character] = (first, second >> 1);
            if ((second & 1) != 0)
            {
                Compositions[(first, second >> 1)] = character;
                Changeable.Add(second >> 1);
            }
            else
            {
                Changeable.Add(character);
            }
        }
        character = 0;
        for (var count = ReadInteger(data); count > 0; count--)
        {
            character += ReadInteger(data);
            var length = ReadInteger(data);
            var combiningClass = (byte)ReadInteger(data);
            for (var i = 0; i < length; i++)
            {
                CombiningClasses[character + i] = combiningClass;
                Changeable.Add(character + i);
            }
        }
    }

    /// <summary>
    /// A text without such characters is in form C already: they combine with what is before them, or never stand in form C.
    /// </summary>
    public static bool MayChange(int character) =>
        character >= 0x300
        && (
            Changeable.Contains(character)
            || character is >= VowelBase and < VowelBase + VowelCount or > TailBase and < TailBase + TailCount
        );

    /// <summary>Canonical combining class; 0 for a starter.</summary>
    public static byte CombiningClass(int character) => CombiningClasses.GetValueOrDefault(character);

    /// <summary>Appends the full canonical decomposition of a character.</summary>
    public static void Decompose(int character, List<int> output)
    {
        if (character - HangulBase is >= 0 and < LeadCount * VowelCount * TailCount and var syllable)
        {
            output.Add(LeadBase + syllable / (VowelCount * TailCount));
            output.Add(VowelBase + syllable % (VowelCount * TailCount) / TailCount);
            if (syllable % TailCount != 0)
                output.Add(TailBase + syllable % TailCount);
        }
        else if (Decompositions.TryGetValue(character, out var parts))
        {
            Decompose(parts.First, output);
            if (parts.Second != 0)
                Decompose(parts.Second, output);
        }
        else
        {
            output.Add(character);
        }
    }

    /// <summary>The character that two make together, or −1.</summary>
    public static int Compose(int first, int second)
    {
        if (first - LeadBase is >= 0 and < LeadCount and var lead && second - VowelBase is >= 0 and < VowelCount and var vowel)
            return HangulBase + (lead * VowelCount + vowel) * TailCount;
        if (
            first - HangulBase is >= 0 and < LeadCount * VowelCount * TailCount and var syllable
            && syllable % TailCount == 0
            && second - TailBase is > 0 and < TailCount and var tail
        )
            return first + tail;
        return Compositions.GetValueOrDefault((first, second), -1);
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
