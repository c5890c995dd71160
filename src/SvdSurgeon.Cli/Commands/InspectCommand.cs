using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Formats;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Results;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon inspect: what a model, a compressed folder, an artifact or a work folder consists of.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("path")
        {
            Description = "Hugging Face folder, GGUF file, compressed folder, work folder or artifact.",
        };
        var json = CommonOptions.Json();
        var command = new Command("inspect", "Show what a model is made of, or what an artifact was made from.") { path, json };
        command.SetAction(parsed =>
        {
            if (ArtifactView.TryShow(parsed.GetRequiredValue(path), parsed.GetValue(json)))
                return ExitCode.Success;
            using var checkpoint = Checkpoint.Open(parsed.GetRequiredValue(path));
            var summary = ModelSummary.Of(checkpoint);
            InputWarnings.Print(checkpoint.Warnings);
            if (parsed.GetValue(json))
                JsonOutput.Write(ToJson(checkpoint, summary));
            else
                Print(checkpoint, summary);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(Checkpoint checkpoint, ModelSummary summary)
    {
        var config = checkpoint.Config;
        var facts = new Grid().AddColumn().AddColumn();
        void Fact(string name, string value) => facts.AddRow(Markup.Escape(name), Markup.Escape(value));
        Fact("path", checkpoint.Path);
        Fact("format", checkpoint.Format);
        Fact(
            "architecture",
            $"{config.ModelType}, {config.Layers} layers, hidden {config.HiddenSize}, MLP {config.IntermediateSize} "
                + $"({config.Activation.ToString().ToLowerInvariant()})"
        );
        Fact(
            "attention",
            $"{config.Heads} heads of {config.HeadDim}, {config.KeyValueHeads} key-value "
                + $"heads{(config.Windows.Any(w => w > 0) ? $", window {config.Windows.Max()}" : "")}"
        );
        Fact("vocabulary", $"{Text(config.VocabSize)} words, head {(config.TieWordEmbeddings ? "tied to the embedding" : "of its own")}");
        Fact("positions", Text(config.MaxPositions));
        Fact(
            "parameters",
            $"{Text(summary.Parameters)}, of which {Text(summary.LinearParameters)} in {summary.Modules.Count} linear modules"
        );
        Fact(
            "size",
            $"{Mebibytes(checkpoint.Bytes)} MiB in {checkpoint.Files.Count} file{(checkpoint.Files.Count == 1 ? "" : "s")}: "
                + $"{string.Join(", ", summary.StorageTypes.Select(t => $"{t.Key} {Mebibytes(t.Value)} MiB"))}"
        );
        if (checkpoint.Compression is { } compression)
            Fact(
                "compressed",
                $"{compression["method"]}, surgeon {compression["surgeon"]}, kept {compression["ratio"]} (reached "
                    + $"{compression["achieved_ratio"]})"
            );
        AnsiConsole.Write(facts);
        var table = new Table().Border(TableBorder.Simple);
        foreach (string column in (string[])["module", "shape", "form", "rank", "parameters", "type"])
            table.AddColumn(column);
        foreach (int i in (int[])[3, 4])
            table.Columns[i].RightAligned();
        foreach (var module in summary.Modules)
            table.AddRow(
                Markup.Escape(module.Name),
                $"{module.OutFeatures} × {module.InFeatures}",
                module.Kind,
                module.Rank?.ToString(CultureInfo.InvariantCulture) ?? "",
                Text(module.ParameterCount),
                StorageType(module)
            );
        AnsiConsole.Write(table);
    }

    private static JsonObject ToJson(Checkpoint checkpoint, ModelSummary summary)
    {
        var config = checkpoint.Config;
        return new JsonObject
        {
            ["path"] = checkpoint.Path,
            ["format"] = checkpoint.Format,
            ["architecture"] = config.ModelType,
            ["layers"] = config.Layers,
            ["hidden_size"] = config.HiddenSize,
            ["intermediate_size"] = config.IntermediateSize,
            ["heads"] = config.Heads,
            ["key_value_heads"] = config.KeyValueHeads,
            ["head_dim"] = config.HeadDim,
            ["vocab_size"] = config.VocabSize,
            ["max_positions"] = config.MaxPositions,
            ["tied_head"] = config.TieWordEmbeddings,
            ["parameters"] = summary.Parameters,
            ["linear_parameters"] = summary.LinearParameters,
            ["bytes"] = checkpoint.Bytes,
            ["warnings"] = InputWarnings.Json(checkpoint.Warnings),
            ["storage_types"] = new JsonObject(summary.StorageTypes.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value))),
            ["compression"] = checkpoint.Compression?.DeepClone(),
            ["modules"] = new JsonArray([
                .. summary.Modules.Select(module => new JsonObject
                {
                    ["name"] = module.Name,
                    ["m"] = module.OutFeatures,
                    ["n"] = module.InFeatures,
                    ["form"] = module.Kind,
                    ["rank"] = module.Rank,
                    ["parameters"] = module.ParameterCount,
                    ["type"] = StorageType(module),
                }),
            ]),
        };
    }

    private static string StorageType(LinearModule module) =>
        string.Join(" ", module.StoredTensors.Select(t => t.Type.ToString()).Distinct());

    private static string Text(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Mebibytes(long bytes) => (bytes / 1048576.0).ToString("N1", CultureInfo.InvariantCulture);
}
