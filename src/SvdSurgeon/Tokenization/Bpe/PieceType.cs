namespace SvdSurgeon.Tokenization.Bpe;

/// <summary>Types of SentencePiece pieces, with the numbers of its files and of GGUF's token_type.</summary>
internal enum PieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}
