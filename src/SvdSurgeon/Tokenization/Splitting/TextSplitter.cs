namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>Cuts a text into pieces that are tokenized separately (a pre-tokenizer).</summary>
internal abstract class TextSplitter;
