using System.Text.Json.Nodes;
using SvdSurgeon.Formats;
using SvdSurgeon.Pipeline;

namespace SvdSurgeon.Reporting;

/// <summary>One module of a result, from metrics.json.</summary>
internal sealed record ModuleRow(
    string Name, int Layer, int Rows, int Columns, string Form, int? Rank, int KeptColumns, long Before, long After, double? OutputErrorBefore, double? OutputError,
    double? WeightErrorBefore, double? WeightError, double[] Spectrum, int[]? Kept, double[]? Corrected, double[]? Saliencies)
{
    /// <summary>What the module does, such as q_proj.</summary>
    public string Role => Name[(Name.LastIndexOf('.') + 1)..];

    public static ModuleRow Of(JsonNode json) => new(
        (string)json["name"]!, (int)json["layer"]!, (int)json["m"]!, (int)json["n"]!, (string)json["form"]!, (int?)json["rank"], json["columns"]!.AsArray().Count,
        (long)json["parameters_before"]!, (long)json["parameters_after"]!, (double?)json["output_error_before"], (double?)json["output_error"],
        (double?)json["weight_error_before"], (double?)json["weight_error"], Numbers(json["spectrum"]) ?? [],
        json["kept"] is JsonArray kept ? [.. kept.Select(i => (int)i!)] : null, Numbers(json["corrected"]), Numbers(json["saliencies"]));

    private static double[]? Numbers(JsonNode? json) => json is JsonArray array ? [.. array.Select(value => (double)value!)] : null;
}

/// <summary>A perplexity as metrics.json has it.</summary>
internal sealed record Measured(double Ppl, double MeanNll, double LogSe)
{
    public static Measured Of(JsonNode json) => new((double)json["ppl"]!, (double)json["mean_nll"]!, (double)json["log_se"]!);
}

/// <summary>One compressed model.</summary>
internal sealed record ResultData(
    string Run, double Ratio, double Achieved, long Before, long After, long BytesBefore, long BytesAfter, Measured? Dense, Measured? Compressed, string? EvaluationHash,
    string ModelHash, string Architecture, CompressionOptions Options, CompressionOptions Chosen, IReadOnlyList<AutoStep> Steps, IReadOnlyList<ModuleRow> Modules)
{
    /// <summary>ln of the perplexity over the dense model's.</summary>
    public double? Excess => Compressed is null || Dense is null ? null : Compressed.MeanNll - Dense.MeanNll;

    /// <summary>Reads a ratio's folder.</summary>
    public static ResultData Read(string run, string folder)
    {
        var config = JsonFile.ReadObject(Path.Combine(folder, "config.json"));
        var metrics = JsonFile.ReadObject(Path.Combine(folder, ModelMetrics.FileName));
        try
        {
            var about = config["svdsurgeon"]!;
            double ratio = (double)about["ratio"]!;
            var options = CompressionOptions.FromJson((JsonObject)about["options"]!, [ratio], Path.Combine(folder, "config.json"));
            var evaluation = metrics["evaluation"];
            return new ResultData(run, ratio, (double)about["achieved_ratio"]!, (long)about["parameters_before"]!, (long)about["parameters_after"]!, (long?)metrics["bytes_before"] ?? 0,
                Directory.EnumerateFiles(folder, "*.safetensors").Sum(file => new FileInfo(file).Length),
                evaluation is null ? null : Measured.Of(evaluation["dense"]!), evaluation is null ? null : Measured.Of(evaluation["compressed"]!), (string?)evaluation?["token_hash"],
                (string)about["model_hash"]!, (string?)config["model_type"] ?? "",
                options, about["chosen"] is JsonObject chosen ? CompressionOptions.FromJson(chosen, [ratio], Path.Combine(folder, "config.json")) : options,
                about["auto"] is JsonArray steps ? [.. steps.Select(step => AutoStep.FromJson(step!))] : [],
                metrics["modules"] is JsonArray modules ? [.. modules.Select(module => ModuleRow.Of(module!))] : []);
        }
        catch (Exception e) when (e is NullReferenceException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException($"{folder}: config.json or {ModelMetrics.FileName} is damaged or of another version. Run the compression again.", e);
        }
    }
}

/// <summary>One output folder: its results by kept fraction, what its runs took, and its recipe.</summary>
internal sealed record RunData(string Name, IReadOnlyList<ResultData> Results, JsonArray Times, string Recipe)
{
    /// <summary>Finds and reads the output folders that are given, or that are in the folders that are given.</summary>
    /// <exception cref="InvalidInputException">There is no result, or results of different models.</exception>
    public static IReadOnlyList<RunData> Read(IReadOnlyList<string> paths)
    {
        var runs = new List<RunData>();
        foreach (string path in paths)
        {
            if (!Directory.Exists(path)) throw new InvalidInputException($"{path}: the folder does not exist. Give the --out of a compression.");
            string[] folders = ResultFolders(path).Any() ? [path] : [.. Directory.GetDirectories(path).Order(StringComparer.Ordinal).Where(folder => ResultFolders(folder).Any())];
            if (folders.Length == 0) throw new InvalidInputException($"{path}: there is no result with a {ModelMetrics.FileName} in it. Give the --out of a compression.");
            foreach (string folder in folders) runs.Add(Read(folder));
        }
        var hashes = runs.SelectMany(run => run.Results.Select(result => (run.Name, result.ModelHash))).DistinctBy(r => r.ModelHash).ToList();
        if (hashes.Count > 1) throw new InvalidInputException($"{hashes[0].Name} and {hashes[1].Name} are compressions of different models. A report compares those of one; make two reports.");
        return runs;
    }

    private static RunData Read(string folder)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), recipe = Path.Combine(folder, Pipeline.Recipe.FileName);
        return new RunData(name, [.. ResultFolders(folder).Select(ratio => ResultData.Read(name, ratio)).OrderByDescending(result => result.Ratio)], RunLog.Read(folder),
            File.Exists(recipe) ? File.ReadAllText(recipe) : "");
    }

    private static IEnumerable<string> ResultFolders(string folder) => Directory.EnumerateDirectories(folder, "ratio-*").Order(StringComparer.Ordinal).Where(ratio => File.Exists(Path.Combine(ratio, ModelMetrics.FileName)));
}
