using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Formats;
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
        var modules = new Option<bool>("--modules") { Description = "A line for every module, not for every kind." };
        var command = new Command("inspect", "Show what a model is made of, or what an artifact was made from.") { path, modules, json };
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
                Print(checkpoint, summary, parsed.GetValue(modules));
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(Checkpoint checkpoint, ModelSummary summary, bool all)
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
            $"{Bytes.Text(checkpoint.Bytes)} in {checkpoint.Files.Count} file{(checkpoint.Files.Count == 1 ? "" : "s")}: "
                + $"{string.Join(", ", summary.StorageTypes.Select(t => $"{t.Key} {Bytes.Text(t.Value)}"))}"
        );
        if (checkpoint.Compression is { } compression)
            Fact(
                "compressed",
                $"{compression["method"]}, surgeon {compression["surgeon"]}, kept {compression["ratio"]} (reached "
                    + $"{compression["achieved_ratio"]})"
            );
        AnsiConsole.Write(facts);
        NumberTable.Write(ModuleKinds.Of(summary.Modules, all));
        if (!all && summary.Modules.Count > ModuleKinds.Few)
            Console.WriteLine("--modules lists every one.");
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
                    ["type"] = ModuleKinds.StorageType(module),
                }),
            ]),
        };
    }

    private static string Text(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
