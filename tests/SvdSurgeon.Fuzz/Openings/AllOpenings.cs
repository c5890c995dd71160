using System.Text;
using SvdSurgeon.Calibration;
using SvdSurgeon.Chat;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Evaluation.Tasks;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Reporting;
using SvdSurgeon.Tokenization;
using SvdSurgeon.Tokenization.Files;

namespace SvdSurgeon.Fuzz.Openings;

/// <summary>Every format that the program opens.</summary>
internal static class AllOpenings
{
    private static readonly string[] Families =
    [
        "opt",
        "mistral",
        "qwen2",
        "qwen3",
        "gemma2",
        "gemma3_text",
        "olmo2",
        "phi3",
        "granite",
        "smollm3",
        "gpt_neox",
        "stablelm",
        "llama",
    ];

    /// <summary>The openings, by name.</summary>
    public static IReadOnlyList<Opening> All { get; } =
    [
        new("safetensors", ["model.safetensors"], folder => SafeTensorsFile.Open(Path.Combine(folder, "model.safetensors")).Dispose()),
        new("index", ["model.safetensors.index.json"], LoadModel) { Fixture = _ => "index" },
        new("pytorch", ["pytorch_model.bin"], LoadModel) { Fixture = _ => "pytorch" },
        new("gguf", ["model.gguf"], OpenGguf),
        new("config", ["config.json"], LoadModel) { Fixture = FamilyOf },
        new("tokenizer-json", ["tokenizer.json"], Tokenize),
        new("vocabulary", ["vocab.json"], Tokenize) { Fixture = _ => "vocabulary" },
        new("merges", ["merges.txt"], Tokenize) { Fixture = _ => "vocabulary" },
        new("sentencepiece", ["tokenizer.model"], Tokenize),
        new("tokenizer-config", ["tokenizer_config.json"], Tokenize) { Fixture = _ => "tokenizer" },
        new("npy", ["ids.npy"], folder => TokenFile.Read(Path.Combine(folder, "ids.npy"), 8)),
        new("text", ["text.txt", "text.json", "text.jsonl", "text.jsonl.gz"], ReadTexts),
        new("recipe", ["recipe.json"], folder => Recipe.Read(Path.Combine(folder, "recipe.json")).Options.Validate()),
        new("artifact", ["gram-0123456789abcdef/artifact.json"], OpenArtifact),
        new("metrics", ["ratio-0.5/metrics.json"], Report) { Fixture = _ => "result" },
        new("result-config", ["ratio-0.5/config.json"], Report) { Fixture = _ => "result" },
        new("runs", ["runs.json"], Report) { Fixture = _ => "result" },
        new("report-recipe", ["recipe.json"], Report) { Fixture = _ => "result" },
        new("generation-config", ["generation_config.json"], ReadGeneration) { Fixture = _ => "generation" },
        new("chat-template", ["chat_template.jinja"], Chat) { Fixture = _ => "tokenizer" },
        new("task-items", ["items.jsonl"], ReadTasks),
    ];

    private static void LoadModel(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder);
        DecoderModel.Load(checkpoint);
    }

    private static void OpenGguf(string folder)
    {
        string file = Path.Combine(folder, "model.gguf");
        Each(
            () =>
            {
                using var checkpoint = Checkpoint.Open(file);
                DecoderModel.Load(checkpoint);
            },
            () => Encode(Tokenizer.Open(file))
        );
    }

    private static void Tokenize(string folder) => Encode(Tokenizer.Open(folder));

    private static void Encode(Tokenizer tokenizer)
    {
        int[] ids = tokenizer.Encode("a ab 12\n é");
        tokenizer.Decode(ids);
    }

    private static void ReadTexts(string folder) =>
        Each([
            .. Directory
                .EnumerateFiles(folder, "text.*")
                .Order(StringComparer.Ordinal)
                .Select(file => (Action)(() => TextSource.ReadDocuments([file]))),
        ]);

    private static void OpenArtifact(string folder)
    {
        foreach (var artifact in StoredArtifact.In(folder))
            _ = (artifact.Expected.Count, artifact.Missing.Count, artifact.InWords().Count(), artifact.ShardSequences());
    }

    private static void ReadGeneration(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder);
        GenerationConfig.Of(checkpoint, Tokenizer.Open(folder));
    }

    private static void Chat(string folder)
    {
        string text = ChatTemplateFile.Beside(folder)!;
        ChatTemplate.Parse(text, folder, Tokenizer.Open(folder)).Render([new ChatMessage("system", "a"), new ChatMessage("user", "ab")]);
    }

    // Every layout tries the items: what is no item of it is refused.
    private static void ReadTasks(string folder)
    {
        var rows = TaskLines.Read(Path.Combine(folder, "items.jsonl"));
        Each([.. TaskLayouts.All.Select(layout => (Action)(() => TaskSet.Read(layout, rows, null, rows).Hash()))]);
    }

    private static void Report(string folder) => HtmlReport.Write([folder], Path.Combine(folder, "report.html"));

    // All of them, though one refuses.
    private static void Each(params Action[] openings)
    {
        SvdSurgeonException? refused = null;
        foreach (var opening in openings)
            try
            {
                opening();
            }
            catch (SvdSurgeonException e)
            {
                refused = e;
            }
        if (refused is not null)
            throw refused;
    }

    private static string FamilyOf(ReadOnlySpan<byte> config)
    {
        foreach (string family in Families)
            if (config.IndexOf(Encoding.UTF8.GetBytes($"\"{family}\"")) >= 0)
                return family;
        return "llama";
    }
}
