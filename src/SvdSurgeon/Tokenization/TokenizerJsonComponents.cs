using System.Text.Json;
using System.Text.RegularExpressions;

namespace SvdSurgeon.Tokenization;

/// <summary>Reads the normalizer, pre-tokenizer, post-processor and decoder of a tokenizer.json. A component that is not known is refused by name.</summary>
internal sealed class TokenizerJsonComponents(string file)
{
    private readonly List<TextNormalizer> _normalizers = [];

    public TextNormalizer? Normalizer => _normalizers.Count switch
    {
        0 => null,
        1 => _normalizers[0],
        _ => new NormalizerSequence(_normalizers),
    };

    public Metaspace? Metaspace { get; private set; }

    public bool IsByteLevel { get; private set; }

    public bool AddPrefixSpace { get; private set; }

    public List<TextSplitter> Splitters { get; } = [];

    public List<int> Prefix { get; } = [];

    public List<int> Suffix { get; } = [];

    public SentencePieceDecoding? Decoding { get; private set; }

    public bool JoinsTokens { get; private set; }

    public InvalidModelException Unsupported(string section, string? name, string supported) =>
        new($"{file}: {section} '{name}' is not supported. Supported: {supported}.");

    public void ReadNormalizer(JsonElement? section)
    {
        if (section is not { } json) return;
        switch (Type(json))
        {
            case "Sequence":
                foreach (var item in json.GetProperty("normalizers").EnumerateArray()) ReadNormalizer(item);
                break;
            case "Prepend":
                _normalizers.Add(new PrependNormalizer(json.GetProperty("prepend").GetString()!));
                break;
            case "Replace":
                var (pattern, isRegex) = Pattern(json);
                var content = json.GetProperty("content").GetString()!;
                _normalizers.Add(isRegex ? new RegexReplaceNormalizer(RegexTranslation.Translate(pattern, file), pattern, content) : new ReplaceNormalizer(pattern, content));
                break;
            case "NFC":
                _normalizers.Add(new NfcNormalizer());
                break;
            default:
                throw Unsupported("normalizer", Type(json), "Sequence, Prepend, Replace, NFC");
        }
    }

    public void ReadPreTokenizer(JsonElement? section)
    {
        if (section is not { } json) return;
        switch (Type(json))
        {
            case "Sequence":
                foreach (var item in json.GetProperty("pretokenizers").EnumerateArray()) ReadPreTokenizer(item);
                break;
            case "ByteLevel":
                if (Flag(json, "add_prefix_space", true) && Splitters.Count > 0)
                    throw Unsupported("pre-tokenizer", "ByteLevel with add_prefix_space after another", "ByteLevel with add_prefix_space alone");
                IsByteLevel = true;
                AddPrefixSpace = Flag(json, "add_prefix_space", true);
                if (Flag(json, "use_regex", true)) Splitters.Add(new Gpt2Splitter());
                break;
            case "Digits":
                Splitters.Add(new DigitSplitter(Flag(json, "individual_digits", false), decimalOnly: false));
                break;
            case "Metaspace" when Splitters.Count == 0 && Metaspace is null:
                Metaspace = ReadMetaspace(json);
                if (Flag(json, "split", true)) Splitters.Add(new MetaspaceSplitter(Metaspace.Space));
                break;
            case "Split":
                Splitters.Add(ReadSplit(json));
                break;
            default:
                throw Unsupported("pre-tokenizer", Type(json), "Sequence, ByteLevel, Split, Digits, Metaspace (first)");
        }
    }

    public void ReadPostProcessor(JsonElement? section)
    {
        if (section is not { } json) return;
        switch (Type(json))
        {
            case "Sequence":
                foreach (var item in json.GetProperty("processors").EnumerateArray()) ReadPostProcessor(item);
                break;
            case "ByteLevel": // changes offsets only
                break;
            case "TemplateProcessing":
                ReadTemplate(json);
                break;
            case "RobertaProcessing" or "BertProcessing":
                Prefix.Insert(0, json.GetProperty("cls")[1].GetInt32());
                Suffix.Add(json.GetProperty("sep")[1].GetInt32());
                break;
            default:
                throw Unsupported("post-processor", Type(json), "Sequence, ByteLevel, TemplateProcessing, RobertaProcessing, BertProcessing");
        }
    }

    public void ReadDecoder(JsonElement? section)
    {
        if (section is not { } json)
        {
            JoinsTokens = true;
            return;
        }
        switch (Type(json))
        {
            case "ByteLevel":
                return;
            case "Sequence":
                var items = json.GetProperty("decoders").EnumerateArray().ToArray();
                if (items is [var only] && Type(only) == "ByteLevel") return;
                Decoding = new SentencePieceDecoding { Replacements = [], ByteFallback = false, ReplaceWholeRun = true };
                foreach (var item in items) ReadPieceDecoder(item);
                return;
            default:
                Decoding = new SentencePieceDecoding { Replacements = [], ByteFallback = false, ReplaceWholeRun = true };
                ReadPieceDecoder(json);
                return;
        }
    }

    private static string? Type(JsonElement json) => json.GetProperty("type").GetString();

    private static bool Flag(JsonElement json, string name, bool otherwise) => json.TryGetProperty(name, out var value) ? value.GetBoolean() : otherwise;

    private static (string Pattern, bool IsRegex) Pattern(JsonElement json)
    {
        var pattern = json.GetProperty("pattern");
        return pattern.TryGetProperty("Regex", out var regex) ? (regex.GetString()!, true) : (pattern.GetProperty("String").GetString()!, false);
    }

    private void ReadPieceDecoder(JsonElement json)
    {
        switch (Type(json))
        {
            case "Replace" when Pattern(json) is (var pattern, false):
                Decoding = Decoding! with { Replacements = [.. Decoding.Replacements, (pattern, json.GetProperty("content").GetString()!)] };
                break;
            case "ByteFallback":
                Decoding = Decoding! with { ByteFallback = true };
                break;
            case "Fuse":
                break;
            case "Strip" when json.GetProperty("content").GetString() == " " && json.GetProperty("stop").GetInt32() == 0:
                Decoding = Decoding! with { StripStart = json.GetProperty("start").GetInt32() };
                break;
            case "Metaspace":
                var metaspace = ReadMetaspace(json);
                Decoding = Decoding! with
                {
                    Replacements = [.. Decoding.Replacements, (metaspace.Space.ToString(), " ")],
                    DropSpacesOfFirstToken = metaspace.Prepend != PrependScheme.Never,
                };
                break;
            default:
                throw Unsupported("decoder", Type(json), "ByteLevel, Sequence, Replace (of a string), ByteFallback, Fuse, Strip (of spaces at the start), Metaspace");
        }
    }

    private Metaspace ReadMetaspace(JsonElement json)
    {
        var space = json.GetProperty("replacement").GetString();
        if (space is not [var character]) throw Unsupported("Metaspace replacement", space, "one character");
        var scheme = json.TryGetProperty("prepend_scheme", out var name) ? name.GetString() : Flag(json, "add_prefix_space", true) ? "always" : "never";
        return new Metaspace(character, scheme switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            _ => throw Unsupported("Metaspace prepend_scheme", scheme, "always, first, never"),
        });
    }

    private TextSplitter ReadSplit(JsonElement json)
    {
        var (pattern, isRegex) = Pattern(json);
        var behaviorName = json.GetProperty("behavior").GetString();
        if (!Enum.TryParse<SplitBehavior>(behaviorName, out var behavior))
            throw Unsupported("Split behavior", behaviorName, string.Join(", ", Enum.GetNames<SplitBehavior>()));
        var invert = Flag(json, "invert", false);
        // These patterns leave nothing unmatched, so that it does not matter whether the matches or the gaps are kept, only that they are not removed.
        if (isRegex && (behavior == SplitBehavior.Isolated || (behavior == SplitBehavior.Removed && invert)))
        {
            if (pattern == Gpt2Splitter.Pattern) return new Gpt2Splitter();
            if (pattern == Llama3Splitter.Llama3Pattern) return new Llama3Splitter(digits: 3);
            if (pattern == Llama3Splitter.Qwen2Pattern) return new Llama3Splitter(digits: 1);
        }
        if (isRegex && behavior == SplitBehavior.Isolated && pattern == DigitSplitter.DecimalPattern) return new DigitSplitter(individual: true, decimalOnly: true);
        var regex = isRegex ? RegexTranslation.Translate(pattern, file) : new Regex(Regex.Escape(pattern), RegexOptions.CultureInvariant);
        return new RegexSplitter(regex, pattern, isRegex, behavior, invert);
    }

    private void ReadTemplate(JsonElement json)
    {
        var specials = json.GetProperty("special_tokens");
        var before = new List<int>();
        var seen = false;
        foreach (var item in json.GetProperty("single").EnumerateArray())
        {
            if (item.TryGetProperty("Sequence", out _))
            {
                seen = true;
                continue;
            }
            var name = item.GetProperty("SpecialToken").GetProperty("id").GetString()!;
            var ids = specials.GetProperty(name).GetProperty("ids").EnumerateArray().Select(id => id.GetInt32());
            (seen ? Suffix : before).AddRange(ids);
        }
        Prefix.InsertRange(0, before);
    }
}
