using System.Text.Json.Nodes;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compression;
using SvdSurgeon.Formats;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Pipeline;

/// <summary>
/// ḡ_b of every calibration sequence b and module, one row a sequence: what the spectral Fisher H̄ = ΣḡḡT is made of (SVD-Surgeon).
/// Kept as rows in blocks of sequences, because rows merge exactly, serve every ratio, and give H̄ or its Woodbury form as needed.
/// </summary>
internal sealed class SpectralGradients : ISpectralFisherSource
{
    /// <summary>Stage name.</summary>
    public const string Stage = "fisher";
    // A part holds this many sequences: little is lost to a kill, and the file system is not flooded.
    private const int SequencesPerPart = 32;

    private readonly Artifact _artifact;
    private readonly int _sequences;

    private SpectralGradients(Artifact artifact, int sequences) => (_artifact, _sequences) = (artifact, sequences);

    public string Key => _artifact.Key;

    /// <summary>Collects what is not there yet.</summary>
    public static SpectralGradients Collect(PipelineContext context, FactorSet factors, TokenSet tokens)
    {
        var artifact = context.Work.Open(Stage, new JsonObject
        {
            ["model"] = context.ModelHash,
            ["factors"] = factors.Key,
            ["tokens"] = tokens.Hash(),
            ["sequences"] = tokens.Sequences,
            ["length"] = tokens.Length,
        });
        int[] missing = [.. Enumerable.Range(0, Parts(tokens.Sequences)).Where(part => !artifact.Has(PartName(part)))];
        return context.Timed(Stage, missing.Length == 0, () =>
        {
            if (missing.Length > 0) Run(context, factors, tokens, artifact, missing);
            return new SpectralGradients(artifact, tokens.Sequences);
        });
    }

    /// <summary>The spectral Fisher of a module, for all the components that were collected.</summary>
    public SpectralFisher Fisher(ILinearAlgebra la, string module)
    {
        SpectralFisher? fisher = null;
        for (int part = 0; part < Parts(_sequences); part++)
        {
            using var file = SafeTensorsFile.Open(_artifact.Part(PartName(part)));
            var rows = file[module];
            fisher ??= new SpectralFisher(la, rows.Columns);
            fisher.Add(rows.ToSingles());
        }
        return fisher!;
    }

    private static int Parts(int sequences) => (sequences + SequencesPerPart - 1) / SequencesPerPart;
    private static string PartName(int part) => $"sequences.{part * SequencesPerPart:D6}.safetensors";

    private static void Run(PipelineContext context, FactorSet factors, TokenSet tokens, Artifact artifact, int[] missing)
    {
        using var projection = new SpectralProjection(context, factors, tokens.Length);
        for (int p = 0; p < missing.Length; p++)
        {
            int first = missing[p] * SequencesPerPart, count = Math.Min(SequencesPerPart, tokens.Sequences - first);
            int before = p * SequencesPerPart, all = missing.Length * SequencesPerPart;
            projection.Run(tokens.Rows(first, count), count,
                done => context.Progress.Report(new StageProgress(Stage, $"sequence {first + done}/{tokens.Sequences}", before + done, all)));
            SafeTensorsWriter.Write(artifact.Part(PartName(missing[p])), projection.Entries());
        }
        context.Progress.Report(new StageProgress(Stage, "", 1, 1));
    }
}
