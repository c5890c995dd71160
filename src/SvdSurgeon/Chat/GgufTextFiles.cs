using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.IO;
using SvdSurgeon.Tokenization;
using SvdSurgeon.Tokenization.Files;

namespace SvdSurgeon.Chat;

/// <summary>What a GGUF file says of texts in its metadata, as the files that a Hugging Face folder has for it.</summary>
internal static class GgufTextFiles
{
    /// <summary>
    /// What keeps the tokenizer of a GGUF file from being written as tokenizer.json, in a sentence; null where nothing does. To be asked
    /// before anything is computed.
    /// </summary>
    /// <param name="model">A model; one that does not come from GGUF has its tokenizer in files of its own.</param>
    public static string? Problem(Checkpoint model)
    {
        if (model.Gguf is null)
            return null;
        string trial = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            Tokenizer.Open(model.Path).WriteTokenizerJson(trial);
            return null;
        }
        catch (SvdSurgeonException error) when (error is InvalidModelException or InvalidInputException)
        {
            return $"{error.Message} The result is written without tokenizer files: put them beside it, or use it with token files.";
        }
        finally
        {
            File.Delete(trial);
        }
    }

    /// <summary>
    /// Writes tokenizer.json, tokenizer_config.json, generation_config.json and, where there is a template, chat_template.jinja.
    /// </summary>
    /// <param name="model">A model that comes from GGUF, without a <see cref="Problem"/>; of any other nothing is written.</param>
    /// <param name="folder">Where to.</param>
    /// <exception cref="InvalidModelException">The tokenizer is of a kind that is not supported.</exception>
    public static void Write(Checkpoint model, string folder)
    {
        if (model.Gguf is not { } gguf || Problem(model) is not null)
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
