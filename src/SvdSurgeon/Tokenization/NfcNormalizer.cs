using System.Text;

namespace SvdSurgeon.Tokenization;

/// <summary>Unicode normalization form C.</summary>
internal sealed class NfcNormalizer : TextNormalizer
{
    public override string Normalize(string text) => text.Normalize(NormalizationForm.FormC);
}
