namespace SvdSurgeon.Formats;

/// <summary>Opens GGUF files as checkpoints.</summary>
internal static class GgufCheckpoint
{
    public static Checkpoint Open(string path) => throw new InvalidModelException($"{path}: GGUF is not supported. Use the Hugging Face folder.");
}
