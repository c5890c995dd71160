using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures;

/// <summary>Which layers see only the last tokens.</summary>
internal static class SlidingWindows
{
    /// <returns>The window of each layer (0: none), or an empty list when no layer has one.</returns>
    public static IReadOnlyList<int> Parse(ConfigKeys keys, string modelType, int layers)
    {
        // Mistral's own default is 4096 where the key is absent; null switches it off.
        int window = modelType switch
        {
            "mistral" => keys.IsNull("sliding_window") ? 0 : keys.Positive("sliding_window", 4096),
            "qwen2" or "qwen3" when keys.Flag("use_sliding_window", false) => keys.IsNull("sliding_window")
                ? 0
                : keys.Positive("sliding_window", 4096),
            _ => 0,
        };
        if (window == 0)
        {
            // keys that say where a window would be
            if (modelType != "llama")
                keys.Ignore("sliding_window", "max_window_layers", "layer_types");
            else if (keys.Array("layer_types") is { } all && all.Any(type => IsSliding(keys, type)))
                keys.Warn(
                    $"{keys.File}: 'layer_types' names layers with a sliding window, which {modelType} models do not have; it is not used."
                );
            return [];
        }
        keys.Ignore("max_window_layers"); // layer_types says it too, and in more detail
        var windows = new int[layers];
        if (keys.Array("layer_types") is { } types)
        {
            if (types.Count != layers)
                throw new InvalidModelException($"{keys.File}: layer_types has {types.Count} entries, num_hidden_layers is {layers}.");
            for (int i = 0; i < layers; i++)
                windows[i] = IsSliding(keys, types[i]) ? window : 0;
        }
        else
        {
            int first = modelType == "mistral" ? 0 : keys.NotNegative("max_window_layers", 28);
            for (int i = first; i < layers; i++)
                windows[i] = window;
        }
        return windows.Any(w => w != 0) ? windows : [];
    }

    /// <summary>Windows as Gemma has them: those that layer_types names, or all but every <paramref name="everyFull"/>th layer.</summary>
    public static IReadOnlyList<int> Periodic(ConfigKeys keys, int layers, int everyFull)
    {
        int window = keys.Positive("sliding_window", 4096);
        if (keys.Array("layer_types") is not { } types)
            return [.. Enumerable.Range(1, layers).Select(layer => layer % everyFull == 0 ? 0 : window)];
        if (types.Count != layers)
            throw new InvalidModelException($"{keys.File}: layer_types has {types.Count} entries, num_hidden_layers is {layers}.");
        return [.. types.Select(type => IsSliding(keys, type) ? window : 0)];
    }

    private static bool IsSliding(ConfigKeys keys, JsonNode? type) =>
        type is JsonValue value && value.TryGetValue(out string? name)
            ? name switch
            {
                "sliding_attention" => true,
                "full_attention" => false,
                _ => throw keys.Refuse("layer_types", name, "full_attention, sliding_attention", "Layer type"),
            }
            : throw new InvalidModelException($"{keys.File}: layer_types holds something that is not a string.");
}
