using System.Text;
using System.Text.Json;
using SvdSurgeon.Tokenization.Decoding;
using SvdSurgeon.Tokenization.Normalizing;
using SvdSurgeon.Tokenization.Splitting;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>
/// Reads the normalizer, pre-tokenizer, post-processor and decoder of a tokenizer.json. A component that is not known is refused by name.
/// </summary>
internal sealed class TokenizerJsonComponents(string file)
{
    // Unicode's punctuation, and the ASCII symbols that Rust counts as such.
    private const string Punctuation = @"[\p{P}$+<=>^`|~]";
    private readonly List<TextNormalizer> _normalizers = [];

    public TextNormalizer? Normalizer =>
        _normalizers.Count switch
        {
            0 => null,
            1 => _normalizers[0],
            _ => new NormalizerSequence(_normalizers),
        };

    public Metaspace? Metaspace { get; private set; }

    public bool IsByteLevel { get; private set; }

    public bool AddPrefixSpace { get; private set; }

    public List<TextSplitter> Splitters { get; } = [];

    /// <summary>What stands after ByteLevel: it sees every byte as a character.</summary>
    public List<TextSplitter> SplittersOfBytes { get; } = [];

    public List<int> Prefix { get; } = [];

    public List<int> Suffix { get; } = [];

    public SentencePieceDecoding? Decoding { get; private set; }

    public bool JoinsTokens { get; private set; }

    public InvalidModelException Unsupported(string section, string? name, string supported) =>
        new($"{file}: {section} '{name}' is not supported. Supported: {supported}.");

    public void ReadNormalizer(JsonElement? section)
    {
        if (section is not { } json)
            return;
        switch (Type(json))
        {
            case "Sequence":
                foreach (var item in json.GetProperty("normalizers").EnumerateArray())
                    ReadNormalizer(item);
                break;
            case "Prepend":
                _normalizers.Add(new PrependNormalizer(json.Text("prepend")));
                break;
            case "Replace":
                var (pattern, isRegex) = Pattern(json);
                var content = json.Text("content");
                _normalizers.Add(
                    isRegex
                        ? new RegexReplaceNormalizer(new OnigurumaPattern(pattern, isRegex: true, file), content)
                        : new ReplaceNormalizer(pattern, content)
                );
                break;
            case "NFC":
                _normalizers.Add(new UnicodeNormalizer(NormalizationForm.FormC));
                break;
            case "NFD":
                _normalizers.Add(new UnicodeNormalizer(NormalizationForm.FormD));
                break;
            case "NFKC":
                _normalizers.Add(new UnicodeNormalizer(NormalizationForm.FormKC));
                break;
            case "NFKD":
                _normalizers.Add(new UnicodeNormalizer(NormalizationForm.FormKD));
                break;
            case "Strip":
                _normalizers.Add(new StripNormalizer(json.Flag("strip_left") ?? true, json.Flag("strip_right") ?? true));
                break;
            default:
                throw Unsupported("normalizer", Type(json), "Sequence, Prepend, Replace, Strip, NFC, NFD, NFKC, NFKD");
        }
    }

    public void ReadPreTokenizer(JsonElement? section)
    {
        if (section is not { } json)
            return;
        switch (Type(json))
        {
            case "Sequence":
                foreach (var item in json.GetProperty("pretokenizers").EnumerateArray())
                    ReadPreTokenizer(item);
                break;
            case "ByteLevel":
                if ((json.Flag("add_prefix_space") ?? true) && Splitters.Count > 0)
                    throw Unsupported(
                        "pre-tokenizer",
                        "ByteLevel with add_prefix_space after another",
                        "ByteLevel with add_prefix_space alone"
                    );
                if (IsByteLevel)
                    throw Unsupported("pre-tokenizer", "ByteLevel twice", "ByteLevel once");
                AddPrefixSpace = (json.Flag("add_prefix_space") ?? true);
                if ((json.Flag("use_regex") ?? true))
                    Splitters.Add(new Gpt2Splitter());
                IsByteLevel = true;
                break;
            case "Digits":
                Add(new DigitSplitter((json.Flag("individual_digits") ?? false), decimalOnly: false));
                break;
            case "Metaspace" when Splitters.Count == 0 && Metaspace is null && !IsByteLevel:
                Metaspace = ReadMetaspace(json);
                if ((json.Flag("split") ?? true))
                    Splitters.Add(new MetaspaceSplitter(Metaspace.Space));
                break;
            case "Split":
                Add(ReadSplit(json));
                break;
            case "Punctuation":
                Add(
                    new RegexSplitter(
                        new OnigurumaPattern(Punctuation, isRegex: true, file),
                        Behavior(json, SplitBehavior.Isolated),
                        invert: false
                    )
                );
                break;
            case "WhitespaceSplit":
                Add(new RegexSplitter(new OnigurumaPattern(@"\s", isRegex: true, file), SplitBehavior.Removed, invert: false));
                break;
            case "CharDelimiterSplit":
                Add(
                    new RegexSplitter(
                        new OnigurumaPattern(json.Text("delimiter"), isRegex: false, file),
                        SplitBehavior.Removed,
                        invert: false
                    )
                );
                break;
            default:
                throw Unsupported(
                    "pre-tokenizer",
                    Type(json),
                    "Sequence, ByteLevel, Split, Digits, Punctuation, WhitespaceSplit, CharDelimiterSplit, Metaspace (first)"
                );
        }
    }

    public void ReadPostProcessor(JsonElement? section)
    {
        if (section is not { } json)
            return;
        switch (Type(json))
        {
            case "Sequence":
                foreach (var item in json.GetProperty("processors").EnumerateArray())
                    ReadPostProcessor(item);
                break;
            case "ByteLevel": // changes offsets only
                break;
            case "TemplateProcessing":
                ReadTemplate(json);
                break;
            case "RobertaProcessing" or "BertProcessing":
                Prefix.Insert(0, IdOfPair(json.GetProperty("cls")));
                Suffix.Add(IdOfPair(json.GetProperty("sep")));
                break;
            default:
                throw Unsupported(
                    "post-processor",
                    Type(json),
                    "Sequence, ByteLevel, TemplateProcessing, RobertaProcessing, BertProcessing"
                );
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
                if (items is [var only] && Type(only) == "ByteLevel")
                    return;
                Decoding = new SentencePieceDecoding
                {
                    Replacements = [],
                    ByteFallback = false,
                    ReplaceWholeRun = true,
                };
                foreach (var item in items)
                    ReadPieceDecoder(item);
                return;
            default:
                Decoding = new SentencePieceDecoding
                {
                    Replacements = [],
                    ByteFallback = false,
                    ReplaceWholeRun = true,
                };
                ReadPieceDecoder(json);
                return;
        }
    }

    private static string Type(JsonElement json) => json.Text("type");

    private static (string Pattern, bool IsRegex) Pattern(JsonElement json)
    {
        var pattern = json.GetProperty("pattern");
        if (pattern.OptionalText("Regex") is { } regex)
            return (regex, true);
        return pattern.Text("String") is { Length: > 0 } text ? (text, false) : throw new FormatException("a pattern is empty");
    }

    // ["</s>", 2]
    private static int IdOfPair(JsonElement pair) =>
        pair.GetArrayLength() == 2 ? pair[1].Id() : throw new FormatException($"{pair.GetRawText()} is not a token and its id.");

    private void ReadPieceDecoder(JsonElement json)
    {
        switch (Type(json))
        {
            case "Replace" when Pattern(json) is (var pattern, false):
                Decoding = Decoding! with { Replacements = [.. Decoding.Replacements, (pattern, json.Text("content"))] };
                break;
            case "ByteFallback":
                Decoding = Decoding! with { ByteFallback = true };
                break;
            case "Fuse":
                break;
            case "Strip" when json.Text("content") == " " && json.GetProperty("stop").GetInt32() == 0:
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
                throw Unsupported(
                    "decoder",
                    Type(json),
                    "ByteLevel, Sequence, Replace (of a string), ByteFallback, Fuse, Strip (of spaces at the start), Metaspace"
                );
        }
    }

    private Metaspace ReadMetaspace(JsonElement json)
    {
        var space = json.Text("replacement");
        if (space is not [var character])
            throw Unsupported("Metaspace replacement", space, "one character");
        var scheme =
            json.Section("prepend_scheme") is not null ? json.Text("prepend_scheme")
            : (json.Flag("add_prefix_space") ?? true) ? "always"
            : "never";
        return new Metaspace(
            character,
            scheme switch
            {
                "always" => PrependScheme.Always,
                "first" => PrependScheme.First,
                "never" => PrependScheme.Never,
                _ => throw Unsupported("Metaspace prepend_scheme", scheme, "always, first, never"),
            }
        );
    }

    private TextSplitter ReadSplit(JsonElement json)
    {
        var (pattern, isRegex) = Pattern(json);
        var behavior = Behavior(json, otherwise: null);
        var invert = (json.Flag("invert") ?? false);
        // These patterns leave nothing unmatched, so that it does not matter whether the matches or the gaps are kept, only that they are
        // not removed.
        if (isRegex && (behavior == SplitBehavior.Isolated || (behavior == SplitBehavior.Removed && invert)))
        {
            if (pattern == Gpt2Splitter.Pattern)
                return new Gpt2Splitter();
            if (pattern == Llama3Splitter.Llama3Pattern)
                return new Llama3Splitter(digits: 3);
            if (pattern == Llama3Splitter.Qwen2Pattern)
                return new Llama3Splitter(digits: 1);
        }
        if (isRegex && behavior == SplitBehavior.Isolated && pattern == DigitSplitter.DecimalPattern)
            return new DigitSplitter(individual: true, decimalOnly: true);
        return new RegexSplitter(new OnigurumaPattern(pattern, isRegex, file), behavior, invert);
    }

    private SplitBehavior Behavior(JsonElement json, SplitBehavior? otherwise)
    {
        if (otherwise is { } known && json.Section("behavior") is null)
            return known;
        var name = json.Text("behavior");
        return Enum.TryParse<SplitBehavior>(name, out var behavior) && !char.IsAsciiDigit(name[0])
            ? behavior
            : throw Unsupported("Split behavior", name, string.Join(", ", Enum.GetNames<SplitBehavior>()));
    }

    private void Add(TextSplitter splitter) => (IsByteLevel ? SplittersOfBytes : Splitters).Add(splitter);

    private void ReadTemplate(JsonElement json)
    {
        var specials = json.GetProperty("special_tokens");
        var before = new List<int>();
        var seen = false;
        foreach (var item in json.GetProperty("single").EnumerateArray())
        {
            if (item.Section("Sequence") is not null)
            {
                seen = true;
                continue;
            }
            var name = item.GetProperty("SpecialToken").Text("id");
            var ids = specials.GetProperty(name).GetProperty("ids").EnumerateArray().Select(id => id.Id());
            (seen ? Suffix : before).AddRange(ids);
        }
        Prefix.InsertRange(0, before);
    }
}
