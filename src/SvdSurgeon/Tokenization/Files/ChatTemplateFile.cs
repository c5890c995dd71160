using System.Text.Json;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>Finds the chat template that lies beside a model.</summary>
internal static class ChatTemplateFile
{
    /// <summary>The file that holds a template alone.</summary>
    public const string Name = "chat_template.jinja";

    /// <summary>The template's Jinja text: of chat_template.jinja, or of tokenizer_config.json; null where there is none.</summary>
    /// <param name="folder">A model folder.</param>
    /// <exception cref="InvalidModelException">tokenizer_config.json is not JSON.</exception>
    public static string? Beside(string folder)
    {
        string file = Path.Combine(folder, Name),
            config = Path.Combine(folder, "tokenizer_config.json");
        if (File.Exists(file))
            return File.ReadAllText(file);
        if (!File.Exists(config))
            return null;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(config));
            return json.RootElement.TryGetProperty("chat_template", out var template) ? Text(template) : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidModelException($"{config}: not in the form that Hugging Face tokenizers have: {error.Message}", error);
        }
    }

    // One template, or a list of named ones of which "default" is the one for chats.
    private static string? Text(JsonElement template) =>
        template.ValueKind switch
        {
            JsonValueKind.String => template.GetString(),
            JsonValueKind.Array => template.EnumerateArray().FirstOrDefault(item => item.GetProperty("name").GetString() == "default")
                is { ValueKind: JsonValueKind.Object } item
                ? item.GetProperty("template").GetString()
                : null,
            _ => null,
        };
}
