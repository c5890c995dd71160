using SvdSurgeon.Formats;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Calibration;

/// <summary>Texts read for a model: what there is to say of them and of the tokenizer becomes a warning of the model.</summary>
internal static class ModelTexts
{
    /// <summary>All documents of the files, joined.</summary>
    /// <exception cref="InvalidInputException">As for <see cref="TextSource.Read"/>.</exception>
    public static string Read(Checkpoint model, IReadOnlyList<string> files)
    {
        var notes = new List<string>();
        string text = TextSource.Read(files, notes);
        notes.ForEach(model.Warn);
        return text;
    }

    /// <summary>The model's tokenizer.</summary>
    /// <exception cref="InvalidModelException">There is none, or it is not supported.</exception>
    public static Tokenizer Tokenizer(Checkpoint model)
    {
        var tokenizer = Tokenization.Tokenizer.Open(model.Path);
        foreach (string warning in tokenizer.Warnings)
            model.Warn(warning);
        return tokenizer;
    }
}
