namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>Where a Metaspace pre-tokenizer puts the space before a text.</summary>
internal enum PrependScheme
{
    Never,
    First,
    Always,
}
