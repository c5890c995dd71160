using SvdSurgeon.IO;

namespace SvdSurgeon.Formats.HuggingFace;

/// <summary>Folders that hold a LoRA adapter and no model.</summary>
internal static class LoneAdapter
{
    private const string Config = "adapter_config.json";

    /// <exception cref="InvalidModelException">The folder holds an adapter.</exception>
    public static void Refuse(string folder)
    {
        string path = Path.Combine(folder, Config);
        if (!File.Exists(path) || File.Exists(Path.Combine(folder, "model.safetensors")))
            return;
        string model = new ConfigKeys(JsonFile.ReadObject(path, []), path).Text("base_model_name_or_path", "its base model");
        throw new InvalidModelException(
            $"{folder}: this is a LoRA adapter for {model}, not a model. Merge the two (peft: merge_and_unload, then save_pretrained) "
                + $"and give the result."
        );
    }
}
