using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using NUnit.Framework;
using SvdSurgeon.Compression.Columns;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Formats;
using SvdSurgeon.IO;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Tests.Pipeline;

namespace SvdSurgeon.Tests.Formats.HuggingFace;

/// <summary>Folders with factors as other programs load them: their config.json, and modeling_svdsurgeon.py run in PyTorch.</summary>
[TestFixture, Category("Slow")]
public sealed class ModelingFileTests
{
    // Both compute in float32, in another order; the logits are below 2.
    private const double LogitTolerance = 2e-4;

    private static readonly (string Model, string Kind, CompressionOptions Options)[] Runs =
    [
        ("llama-gqa-tied", "LowRank", Plain with { BiasCorrection = true }), // biases that the family does not have
        ("llama-gqa-tied", "Columns", Plain with { Columns = ColumnMode.Preserve }),
        ("llama-gqa-tied", "Pivoted", Plain with { Storage = StorageForm.Pivoted, BiasCorrection = true }),
        ("opt", "LowRank", Plain),
        ("opt", "Columns", Plain with { Columns = ColumnMode.Refit, Ratios = [0.8], BiasCorrection = true }),
        ("opt", "Pivoted", Plain with { Storage = StorageForm.Pivoted }),
    ];

    private static CompressionOptions Plain => new() { Ratios = [0.5] };

    [Test]
    public void A_folder_with_factors_has_a_model_type_of_its_own_and_says_the_shape_of_every_module()
    {
        using var run = new TinyRun("llama-gqa-tied");
        string folder = run.Compress(Plain, evaluate: false).Folder;
        var config = JsonFile.ReadObject(Path.Combine(folder, "config.json"));
        Assert.That((string?)config["model_type"], Is.EqualTo("svdsurgeon_llama"));
        Assert.That((string?)config["architectures"]![0], Is.EqualTo("SvdSurgeonLlamaForCausalLM"));
        Assert.That((string?)config["auto_map"]!["AutoModelForCausalLM"], Is.EqualTo("modeling_svdsurgeon.SvdSurgeonLlamaForCausalLM"));
        var modules = (JsonObject)config["svdsurgeon"]!["modules"]!;
        using var checkpoint = Checkpoint.Open(folder);
        foreach (var module in DecoderModel.Load(checkpoint).Linears.Where(module => module.Rank is not null))
        {
            Assert.That((string?)modules[module.Name]!["kind"], Is.EqualTo("low_rank"));
            Assert.That((int?)modules[module.Name]!["rank"], Is.EqualTo(module.Rank));
        }
        Assert.That(checkpoint.Config.ModelType, Is.EqualTo("llama"));
    }

    [Test]
    public void A_folder_of_an_older_version_is_read_as_before()
    {
        using var run = new TinyRun("opt");
        string folder = run.Compress(Plain, evaluate: false).Folder;
        float[] expected = Logits(folder, run);
        string path = Path.Combine(folder, "config.json");
        var config = JsonFile.ReadObject(path);
        config["model_type"] = "opt";
        config["architectures"] = new JsonArray("OPTForCausalLM");
        config.Remove("auto_map");
        ((JsonObject)config["svdsurgeon"]!).Remove("modules");
        AtomicFile.WriteAllText(path, JsonText.Indented(config));
        Assert.That(Logits(folder, run), Is.EqualTo(expected));
    }

    [Test]
    public void A_dense_result_stays_plain()
    {
        using var run = new TinyRun("opt");
        string folder = run.Compress(Plain with { Dense = true }, evaluate: false).Folder;
        var config = JsonFile.ReadObject(Path.Combine(folder, "config.json"));
        Assert.That((string?)config["model_type"], Is.EqualTo("opt"));
        Assert.That(config.ContainsKey("auto_map"), Is.False);
        Assert.That(File.Exists(Path.Combine(folder, "modeling_svdsurgeon.py")), Is.False);
    }

    [Test]
    public void PyTorch_computes_the_same_logits_from_every_kind_of_module()
    {
        var runs = Runs.Select(run => (Tiny: new TinyRun(run.Model), run.Kind, run.Options)).ToList();
        try
        {
            var folders = runs.Select(run => run.Tiny.Compress(run.Options, evaluate: false).Folder).ToList();
            foreach (var (run, folder) in runs.Zip(folders))
                WriteExpected(folder, run.Tiny);
            var results = RunPython(folders);
            for (int i = 0; i < runs.Count; i++)
            {
                var result = results[i]!;
                string name = $"{Runs[i].Model} {Runs[i].Kind}: {result.ToJsonString()}";
                Assert.That(result["kinds"]!.AsArray().Select(kind => (string?)kind), Does.Contain(Runs[i].Kind), name);
                foreach (string way in (string[])["logits", "bare", "reloaded"])
                    Assert.That((double)result[way]!, Is.LessThan(LogitTolerance), $"{way}, {name}");
                // bfloat16 keeps 8 bits: far, but of the same model.
                Assert.That((double)result["bfloat16"]!, Is.LessThan(0.1 * (double)result["spread"]!), name);
                Assert.That((int)result["gradients"]!, Is.EqualTo((int)result["parameters"]!), name);
            }
        }
        finally
        {
            foreach (var run in runs)
                run.Tiny.Dispose();
        }
    }

    private static void WriteExpected(string folder, TinyRun run)
    {
        File.WriteAllBytes(Path.Combine(folder, "ids.i32"), MemoryMarshal.AsBytes(run.Tokens(1).Ids.AsSpan()).ToArray());
        File.WriteAllBytes(Path.Combine(folder, "logits.f32"), MemoryMarshal.AsBytes(Logits(folder, run).AsSpan()).ToArray());
    }

    private static float[] Logits(string folder, TinyRun run)
    {
        using var checkpoint = Checkpoint.Open(folder);
        var model = DecoderModel.Load(checkpoint);
        int[] ids = run.Tokens(1).Ids;
        using var hidden = run.Backend.Allocate(ids.Length, model.Config.HiddenSize);
        model.Embed(run.Backend, ids, 1, hidden);
        foreach (var layer in model.Layers)
            layer.Forward(run.Backend, hidden, new LayerContext(1, ids.Length));
        using var logits = run.Backend.Allocate(ids.Length, model.Config.VocabSize);
        model.Logits(run.Backend, hidden, logits);
        var values = new float[logits.Length];
        run.Backend.Download(logits, values);
        return values;
    }

    private static JsonArray RunPython(IEnumerable<string> folders)
    {
        string script = GoldenFiles.Copied("..", "Formats", "HuggingFace", "modeling_check.py");
        var start = new ProcessStartInfo("/usr/bin/python3") { RedirectStandardOutput = true, RedirectStandardError = true };
        if (!File.Exists(start.FileName) || !HasTorch(start.FileName))
            Assert.Ignore("This test needs PyTorch for /usr/bin/python3 (Debian's python3-torch and python3-numpy).");
        start.Environment["OMP_NUM_THREADS"] = "1";
        foreach (string argument in (string[])[script, .. folders])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, errors.Result);
        return JsonNode.Parse(output)!.AsArray();
    }

    private static bool HasTorch(string python)
    {
        using var process = Process.Start(
            new ProcessStartInfo(python, ["-c", "import importlib.util as u; assert u.find_spec('torch') and u.find_spec('numpy')"])
            {
                RedirectStandardError = true,
            }
        )!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
