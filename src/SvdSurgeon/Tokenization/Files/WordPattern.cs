using System.Text;
using SvdSurgeon.Tokenization.Normalizing;
using SvdSurgeon.Tokenization.Splitting;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>
/// How a tokenizer class cuts words where its vocab.json and merges.txt are all there is: the class knows it, the files do not say it.
/// </summary>
/// <param name="Splitter">Cuts the words.</param>
/// <param name="Normalizer">Changes the text before; null for nothing.</param>
internal sealed record WordPattern(TextSplitter Splitter, TextNormalizer? Normalizer = null)
{
    /// <summary>The pattern of a class, or of a model type where no class is named.</summary>
    /// <param name="tokenizerClass">tokenizer_class of tokenizer_config.json; null where it is not there.</param>
    /// <param name="modelType">model_type of config.json; null where it is not there.</param>
    /// <param name="file">For messages.</param>
    /// <exception cref="InvalidModelException">The class is not known.</exception>
    public static WordPattern Of(string? tokenizerClass, string? modelType, string file)
    {
        string name = tokenizerClass is null or "PreTrainedTokenizerFast" or "PreTrainedTokenizer" or "TokenizersBackend"
            ? modelType ?? "gpt2"
            : tokenizerClass;
        return (name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name) switch
        {
            "Qwen2Tokenizer" or "Qwen3Tokenizer" or "qwen2" or "qwen3" => new WordPattern(
                new Llama3Splitter(digits: 1),
                new UnicodeNormalizer(NormalizationForm.FormC)
            ),
            "GPT2Tokenizer"
            or "CodeGenTokenizer"
            or "OPTTokenizer"
            or "RobertaTokenizer"
            or "BartTokenizer"
            or "GPTNeoXTokenizer"
            or "LongformerTokenizer"
            or "gpt2"
            or "opt"
            or "gpt_neo"
            or "gpt_neox"
            or "gptj"
            or "codegen"
            or "phi"
            or "bloom" => new WordPattern(new Gpt2Splitter()),
            _ => throw new InvalidModelException(
                $"{file}: vocab.json and merges.txt do not say how '{name}' cuts words, and it is not known here. Put the tokenizer.json "
                    + $"of the model beside them, "
                    + "or save one (transformers: AutoTokenizer.from_pretrained, then save_pretrained)."
            ),
        };
    }
}
