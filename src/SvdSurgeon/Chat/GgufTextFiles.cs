using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.IO;
using SvdSurgeon.Tokenization;
using SvdSurgeon.Tokenization.Files;

namespace SvdSurgeon.Chat;

/// <summary>What a GGUF file says of texts in its metadata, as the files that a Hugging Face folder has for it.</summary>
internal static class GgufTextFiles
{
    /// <summary>Writes tokenizer.json, tokenizer_config.json, generation_config.json and, where there is a template, chat_template.jinja.</summary>
    /// <param name="model">A model that comes from GGUF; of any other nothing is written.</param>
    /// <param name="folder">Where to.</param>
    /// <exception cref="InvalidModelException">The tokenizer is of a kind that is not supported.</exception>
    public static void Write(Checkpoint model, string folder)
    {
        if (model.Gguf is not { } gguf)
            return;
        var tokenizer = Tokenizer.Open(model.Path);
        tokenizer.WriteTokenizerJson(Path.Combine(folder, "tokenizer.json"));
        AtomicFile.WriteAllText(
            Path.Combine(folder, GenerationConfig.FileName),
            JsonText.Indented(GenerationConfig.Json(model, tokenizer))
        );
        if (gguf.Metadata.Text("tokenizer.chat_template") is { } template)
            AtomicFile.WriteAllText(Path.Combine(folder, ChatTemplateFile.Name), template);
    }
}
