using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Shares;

namespace SvdSurgeon.Pipeline.Fisher;

/// <summary>
/// ḡ_b of every calibration sequence b and module, one row a sequence: what the spectral Fisher H̄ = ΣḡḡT is made of (SVD-Surgeon).
/// Kept as rows in blocks of sequences, because rows merge exactly, serve every ratio, and give H̄ or its Woodbury form as needed.
/// </summary>
internal sealed class SpectralGradients : ISpectralFisherSource
{
    private readonly SequenceBlocks _blocks;

    private SpectralGradients(Artifact artifact, SequenceBlocks blocks) => (Artifact, _blocks) = (artifact, blocks);

    /// <summary>Where it is kept.</summary>
    public Artifact Artifact { get; }

    public string Key => Artifact.Key;

    /// <summary>Collects what is not there yet; a shard collects its share of it.</summary>
    public static SpectralGradients Collect(PipelineContext context, FactorSet factors, TokenSet tokens)
    {
        var inputs = context.Inputs(tokens);
        inputs["factors"] = factors.Key;
        inputs["samples"] = "sequences";
        var artifact = context.Work.Open(StageNames.Fisher, inputs, given: true);
        var blocks = SequenceBlocks.Of(tokens, SequenceBlocks.PerGradientPart);
        int[] missing = [.. blocks.Of(context.Shard).Where(block => !artifact.Has(ArtifactParts.Rows(blocks.First(block))))];
        return context.Timed(
            StageNames.Fisher,
            missing.Length == 0,
            () =>
            {
                if (missing.Length > 0)
                    Run(context, factors, tokens, artifact, blocks, missing);
                return new SpectralGradients(artifact, blocks);
            }
        );
    }

    public SpectralFisherReader Open(ILinearAlgebra la, int layer) =>
        new(
            [.. Enumerable.Range(0, _blocks.Count).Select(block => Artifact.Part(ArtifactParts.Rows(_blocks.First(block))))],
            (files, module) =>
            {
                var fisher = new SpectralFisher(la, files[0][module].Columns);
                foreach (var file in files)
                    fisher.Add(file[module].ToSingles());
                return fisher;
            }
        );

    private static void Run(
        PipelineContext context,
        FactorSet factors,
        TokenSet tokens,
        Artifact artifact,
        SequenceBlocks blocks,
        int[] missing
    )
    {
        using var projection = new SpectralProjection(context, factors, tokens.Length);
        long before = 0,
            all = missing.Sum(blocks.Length);
        void Make(int block)
        {
            int first = blocks.First(block),
                count = blocks.Length(block);
            projection.Run(
                tokens.Rows(first, count),
                count,
                done =>
                    context.Progress.Report(
                        new StageProgress(StageNames.Fisher, $"sequence {first + done}/{tokens.Sequences}", before + done, all)
                    )
            );
            artifact.Write(ArtifactParts.Rows(first), projection.Entries());
            before += count;
        }
        context.Sharing.Run([
            .. missing.Select(block => Piece.Of(artifact.Part(ArtifactParts.Rows(blocks.First(block))), () => Make(block))),
        ]);
        context.Progress.Report(new StageProgress(StageNames.Fisher, "", 1, 1));
    }
}
