using System.Text.Json.Nodes;
using SvdSurgeon.Architectures;
using SvdSurgeon.Formats.Onnx;

namespace SvdSurgeon.Export.Onnx;

/// <summary>genai_config.json, by which ONNX Runtime GenAI finds its way in a model folder. Keys that it does not know are errors
/// there.</summary>
internal static class GenAiConfig
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "genai_config.json";

    // GenAI has types of its own for these; "decoder" takes any graph with the standard names.
    private static readonly string[] OwnTypes = ["llama", "mistral", "qwen2", "qwen3"];

    /// <summary>The file of a model. Searching is greedy unless the caller says otherwise.</summary>
    public static JsonObject Of(DecoderConfig config)
    {
        var inputs = new JsonObject { ["input_ids"] = "input_ids", ["attention_mask"] = "attention_mask" };
        if (ArchitectureRegistry.Of(config).Model(config).Positions is not null)
            inputs["position_ids"] = "position_ids";
        inputs["past_key_names"] = "past_key_values.%d.key";
        inputs["past_value_names"] = "past_key_values.%d.value";
        var model = new JsonObject
        {
            ["context_length"] = config.MaxPositions,
            ["decoder"] = new JsonObject
            {
                ["session_options"] = new JsonObject { ["log_id"] = "onnxruntime-genai", ["provider_options"] = new JsonArray() },
                ["filename"] = OnnxModelFile.FileName,
                ["head_size"] = AttentionNodes.PaddedHeadSize(config),
                ["hidden_size"] = config.HiddenSize,
                ["inputs"] = inputs,
                ["outputs"] = new JsonObject
                {
                    ["logits"] = "logits",
                    ["present_key_names"] = "present.%d.key",
                    ["present_value_names"] = "present.%d.value",
                },
                ["num_attention_heads"] = config.Heads,
                ["num_hidden_layers"] = config.Layers,
                ["num_key_value_heads"] = config.KeyValueHeads,
            },
            ["type"] = OwnTypes.Contains(config.ModelType) ? config.ModelType : "decoder",
            ["vocab_size"] = config.VocabSize,
        };
        if (config.BosTokenId >= 0)
            model["bos_token_id"] = config.BosTokenId;
        if (config.EosTokenIds is [var first, ..])
        {
            model["eos_token_id"] =
                config.EosTokenIds.Count == 1 ? first : new JsonArray([.. config.EosTokenIds.Select(id => (JsonNode)id)]);
            model["pad_token_id"] = first;
        }
        return new JsonObject
        {
            ["model"] = model,
            ["search"] = new JsonObject
            {
                ["do_sample"] = false,
                ["max_length"] = config.MaxPositions,
                ["min_length"] = 0,
                ["num_beams"] = 1,
                ["past_present_share_buffer"] = true,
                ["repetition_penalty"] = 1.0,
                ["temperature"] = 1.0,
                ["top_k"] = 50,
                ["top_p"] = 1.0,
            },
        };
    }
}
