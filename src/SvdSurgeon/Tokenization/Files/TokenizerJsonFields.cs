using System.Text.Json;

namespace SvdSurgeon.Tokenization.Files;

/// <summary>
/// Every field that this program reads in a tokenizer.json, or knows to change no id and no text: offsets, types of pairs, and truncation
/// and padding, which programs set anew for every call. All others are named in a warning.
/// </summary>
internal static class TokenizerJsonFields
{
    private const string AnyObject = "";

    // Fields by the type of the object they are in, or by the section where objects have no type.
    private static readonly Dictionary<string, string> Known = new(StringComparer.Ordinal)
    {
        ["tokenizer.json"] = "version truncation padding added_tokens normalizer pre_tokenizer post_processor decoder model",
        ["added_tokens"] = "id content single_word lstrip rstrip normalized special",
        ["BPE"] =
            "type dropout unk_token continuing_subword_prefix end_of_word_suffix fuse_unk byte_fallback ignore_merges vocab merges "
            + "cache_capacity max_length",
        ["Sequence"] = "type normalizers pretokenizers processors decoders",
        ["Prepend"] = "type prepend",
        ["Replace"] = "type pattern content",
        ["Strip"] = "type strip_left strip_right content start stop",
        ["ByteLevel"] = "type add_prefix_space trim_offsets use_regex",
        ["Digits"] = "type individual_digits",
        ["Metaspace"] = "type replacement prepend_scheme split add_prefix_space str_rep",
        ["Split"] = "type pattern behavior invert",
        ["Punctuation"] = "type behavior",
        ["CharDelimiterSplit"] = "type delimiter",
        ["TemplateProcessing"] = "type single pair special_tokens",
        ["RobertaProcessing"] = "type sep cls trim_offsets add_prefix_space",
        ["BertProcessing"] = "type sep cls",
        [AnyObject] = "type",
    };

    /// <summary>A sentence for every field that is neither read nor known to be without effect.</summary>
    public static IEnumerable<string> Unknown(JsonElement json, string file) =>
        Fields(json, "tokenizer.json", "")
            .Concat(
                json.Section("added_tokens") is { ValueKind: JsonValueKind.Array } added
                    ? added.EnumerateArray().SelectMany(token => Fields(token, "added_tokens", "added_tokens."))
                    : []
            )
            .Concat(json.Section("model") is { } model ? Fields(model, "BPE", "model.") : [])
            .Concat(
                ((string[])["normalizer", "pre_tokenizer", "post_processor", "decoder"]).SelectMany(section => Component(json, section))
            )
            .Distinct(StringComparer.Ordinal)
            .Select(field =>
                $"{file}: the field '{field}' is unknown here and is not used. If it changes the tokens, the results are wrong."
            );

    private static IEnumerable<string> Component(JsonElement json, string section)
    {
        if (json.Section(section) is not { ValueKind: JsonValueKind.Object } component)
            return [];
        string type = component.OptionalText("type") ?? AnyObject;
        var items = (string[])["normalizers", "pretokenizers", "processors", "decoders"];
        return Fields(component, Known.ContainsKey(type) ? type : AnyObject, section + ".")
            .Concat(
                items
                    .Where(name => component.Section(name) is { ValueKind: JsonValueKind.Array })
                    .SelectMany(name => component.GetProperty(name).EnumerateArray())
                    .Where(item => item.ValueKind == JsonValueKind.Object)
                    .SelectMany(item =>
                        Fields(item, item.OptionalText("type") is { } inner && Known.ContainsKey(inner) ? inner : AnyObject, section + ".")
                    )
            );
    }

    private static IEnumerable<string> Fields(JsonElement json, string kind, string prefix)
    {
        if (json.ValueKind != JsonValueKind.Object)
            return [];
        string[] known = Known[kind].Split(' ');
        return json.EnumerateObject()
            .Where(field => field.Value.ValueKind != JsonValueKind.Null && !known.Contains(field.Name))
            .Select(field => prefix + field.Name);
    }
}
