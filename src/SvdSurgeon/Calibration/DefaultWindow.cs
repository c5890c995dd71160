using SvdSurgeon.Formats;
using SvdSurgeon.IO;

namespace SvdSurgeon.Calibration;

/// <summary>
/// Tokens per sequence where nobody says how many: 2048, or fewer where the model has fewer positions or its tokenizer_config.json names a
/// smaller model_max_length. A model that was trained on short texts is bad at long ones, whatever its positions allow.
/// </summary>
internal static class DefaultWindow
{
    private const int Usual = 2048;

    /// <summary>The window of a model.</summary>
    public static int Of(Checkpoint model)
    {
        int window = Math.Min(Usual, model.Config.MaxPositions);
        string file = Path.Combine(model.Path, "tokenizer_config.json");
        // Some write 10³⁰ for "any length".
        if (File.Exists(file) && JsonFile.ReadObject(file, [])["model_max_length"] is System.Text.Json.Nodes.JsonValue length)
            return length.TryGetValue(out double tokens) && tokens >= 2 && tokens < window ? (int)tokens : window;
        return window;
    }
}
