using System.Text;

namespace SvdSurgeon.Tokenization.Normalizing;

/// <summary>The Unicode normalization forms C, D, KC and KD (Unicode Standard Annex 15).</summary>
/// <remarks>string.Normalize does nothing in invariant mode, which this library's programs run in.</remarks>
/// <param name="form">C: letters and accents become one character where there is one. D: the reverse. KC and KD: also ﬁ becomes fi, and ²
/// 2.</param>
internal sealed class UnicodeNormalizer(NormalizationForm form) : TextNormalizer
{
    private readonly bool _composes = form is NormalizationForm.FormC or NormalizationForm.FormKC;
    private readonly bool _compatibly = form is NormalizationForm.FormKC or NormalizationForm.FormKD;

    /// <summary>The form.</summary>
    public NormalizationForm Form => form;

    public override string Normalize(string text)
    {
        if (System.Text.Ascii.IsValid(text) || (form == NormalizationForm.FormC && !MayCompose(text)))
            return text;
        var characters = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (_compatibly && UnicodeCompatibility.Decomposition(rune.Value) is { } parts)
                characters.AddRange(parts);
            else
                UnicodeComposition.Decompose(rune.Value, characters);
        }
        Reorder(characters);
        if (_composes)
            Compose(characters);
        var result = new StringBuilder(characters.Count);
        foreach (var character in characters)
            result.Append(new Rune(character));
        return result.ToString();
    }

    private static bool MayCompose(string text)
    {
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', '\u02FF') < 0)
            return false;
        foreach (var rune in text.EnumerateRunes())
            if (UnicodeComposition.MayChange(rune.Value))
                return true;
        return false;
    }

    // Marks stand in the order of their classes, those of one class in the order they came in.
    private static void Reorder(List<int> characters)
    {
        for (var start = 0; start < characters.Count; start++)
        {
            var end = start;
            while (end < characters.Count && UnicodeComposition.CombiningClass(characters[end]) != 0)
                end++;
            if (end - start < 2)
                continue;
            var ordered = characters.GetRange(start, end - start).OrderBy(UnicodeComposition.CombiningClass).ToArray(); // a stable order
            for (var i = start; i < end; i++)
                characters[i] = ordered[i - start];
            start = end;
        }
    }

    // A mark joins the starter before it unless one of the same or a higher class, or another starter, stands between.
    private static void Compose(List<int> characters)
    {
        var starter = -1;
        var lastClass = 0;
        var count = 0;
        foreach (var character in characters.ToArray())
        {
            var order = UnicodeComposition.CombiningClass(character);
            var adjacent = starter == count - 1;
            if (
                starter >= 0
                && (adjacent || lastClass < order)
                && UnicodeComposition.Compose(characters[starter], character) is >= 0 and var composed
            )
            {
                characters[starter] = composed;
                continue;
            }
            if (order == 0)
                starter = count;
            lastClass = order;
            characters[count++] = character;
        }
        characters.RemoveRange(count, characters.Count - count);
    }
}
