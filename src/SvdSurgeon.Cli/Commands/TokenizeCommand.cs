using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SvdSurgeon.Calibration;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon tokenize: text → token ids, and back with --decode.</summary>
internal static class TokenizeCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("model")
        {
            Description = "Folder (weights not needed), GGUF file, or tokenizer file (tokenizer.json, vocab.json, *.model).",
        };
        var file = new Option<string?>("--file") { Description = "Text file." };
        var text = new FreeTextOption("--text") { Description = "Text." };
        var jsonLines = new Option<string?>("--json-lines")
        {
            Description = "File with one JSON string a line; prints one JSON array a line.",
        };
        var noSpecial = new Option<bool>("--no-special") { Description = "Without the special tokens that the tokenizer adds by default." };
        var decode = new Option<bool>("--decode")
        {
            Description = "Print text: of ids when the input is a list of ids, else of the text's own ids.",
        };
        var command = new Command("tokenize", "Turn text into token ids, or ids into text.")
        {
            model,
            file,
            text,
            jsonLines,
            noSpecial,
            decode,
        };
        command.SetAction(parsed =>
        {
            string?[] sources = [parsed.GetValue(file), parsed.GetValue(text), parsed.GetValue(jsonLines)];
            if (sources.Count(s => s is not null) != 1)
                throw new InvalidInputException("tokenize needs exactly one of --file, --text and --json-lines.");
            var tokenizer = Tokenizer.Open(parsed.GetRequiredValue(model));
            InputWarnings.Print(tokenizer.Warnings);
            bool special = !parsed.GetValue(noSpecial),
                back = parsed.GetValue(decode);
            using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
            if (sources[2] is { } lines)
            {
                int number = 0;
                foreach (string line in File.ReadLines(Existing(lines, "--json-lines")))
                {
                    number++;
                    if (!string.IsNullOrWhiteSpace(line))
                        output.Write(Line(tokenizer, line, $"{lines}: line {number}", special, back) + "\n");
                }
                return ExitCode.Success;
            }
            var notes = new List<string>();
            string input = sources[1] ?? TextSource.Read([Existing(sources[0]!, "--file")], notes);
            InputWarnings.Print(notes);
            if (back)
                output.Write(
                    Decoded(tokenizer, ParseIds(input) ?? tokenizer.Encode(input, addSpecialTokens: false))
                        + (sources[1] is null ? "" : "\n")
                );
            else
                output.Write(string.Join(' ', tokenizer.Encode(input, special)) + "\n");
            return ExitCode.Success;
        });
        return command;
    }

    private static string Line(Tokenizer tokenizer, string line, string where, bool special, bool back)
    {
        JsonNode? node;
        try
        {
            node = JsonNode.Parse(line);
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"{where} is not JSON: {error.Message}", error);
        }
        int[] ids = node switch
        {
            JsonValue value when value.GetValueKind() == JsonValueKind.String => tokenizer.Encode(
                value.GetValue<string>(),
                special && !back
            ),
            JsonArray array when back && array.All(IsId) => [.. array.Select(item => item!.GetValue<int>())],
            _ => throw new InvalidInputException($"{where} is not a JSON string{(back ? " or an array of ids" : "")}."),
        };
        return back ? JsonValue.Create(Decoded(tokenizer, ids)).ToJsonString() : $"[{string.Join(", ", ids)}]";
    }

    private static bool IsId(JsonNode? item) => item is JsonValue value && value.TryGetValue(out int id) && id >= 0;

    // Special tokens of the ids are shown; those that encoding would add are no part of a text that was given.
    private static string Decoded(Tokenizer tokenizer, int[] ids) => tokenizer.Decode(ids, skipSpecialTokens: false);

    // A text of nothing but whole numbers is a list of ids.
    private static int[]? ParseIds(string text)
    {
        var parts = text.Split([' ', ',', '[', ']', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries);
        var ids = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out ids[i]))
                return null;
        return ids.Length == 0 ? null : ids;
    }

    private static string Existing(string path, string option) =>
        File.Exists(path) ? path : throw new InvalidInputException($"{option} {path}: there is no such file.");
}
