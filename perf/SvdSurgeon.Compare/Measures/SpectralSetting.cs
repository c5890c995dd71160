using System.Diagnostics;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Calibration;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Factors;
using SvdSurgeon.Pipeline.Fisher;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Compare.Measures;

/// <summary>
/// A model with spectral factors, ready for gradient passes in this process. The factors are random numbers: only their sizes matter for
/// times.
/// </summary>
internal sealed class SpectralSetting : IDisposable
{
    private readonly string _folder;

    public SpectralSetting(Comparison comparison)
    {
        _folder = comparison.NewFolder();
        Backend = comparison.OpenBackend();
        Tokens = comparison.Calibration.Take(comparison.Settings.SpeedSequences);
        Context = PipelineContext.Start(
            comparison.Checkpoint,
            Tokens,
            new WorkFolder(_folder),
            Backend,
            memory: null,
            progress: null,
            CancellationToken.None
        );
        Factors = FactorSet.Build(Context, StageNames.Factor, [], layer => [.. layer.Linears.SelectMany(Factor)]);
    }

    public CpuBackend Backend { get; }

    public PipelineContext Context { get; }

    public FactorSet Factors { get; }

    /// <summary>The sequences of a timed pass.</summary>
    public TokenSet Tokens { get; }

    /// <summary>The projection of the pipeline, in a form.</summary>
    public SpectralProjection Projection(SpectralForm form)
    {
        var projection = new SpectralProjection(Context, Factors, Tokens.Length, form);
        projection.Prepare(Tokens.Sequences);
        return projection;
    }

    /// <summary>Goes through a few sequences without timing, so that what is timed next is compiled.</summary>
    public void WarmUp(ILinearVisitor? visitor)
    {
        for (int i = 0; i < 2; i++)
            Forward(Tokens.Take(2), visitor);
    }

    /// <summary>Seconds of a pass forward and backward, batched as the pipeline does.</summary>
    public double Time(ILinearVisitor? visitor)
    {
        long start = Stopwatch.GetTimestamp();
        Forward(Tokens, visitor);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private void Forward(TokenSet tokens, ILinearVisitor? visitor) =>
        ForwardBackward.Run(
            Context.Model,
            Backend,
            tokens.Ids,
            tokens.Length,
            new double[tokens.Sequences],
            visitor,
            Context.Pass(tokens.Length)
        );

    private static IEnumerable<TensorEntry> Factor(LinearModule module)
    {
        int k = Components(module.OutFeatures, module.InFeatures);
        yield return TensorEntry.FromSingles(module.Name + ".left", [k, module.OutFeatures], RandomNumbers(k * module.OutFeatures));
        yield return TensorEntry.FromSingles(module.Name + ".right", [k, module.InFeatures], RandomNumbers(k * module.InFeatures));
    }

    /// <summary>As many components as a run collects, so that they serve every kept fraction.</summary>
    public static int Components(int m, int n) => FactorSet.MaxComponents(m, n, new SurgeonOptions().PoolFraction, StorageForm.Factored);

    /// <summary>Numbers in [−½, ½), the same for the same count.</summary>
    public static float[] RandomNumbers(int count)
    {
        var random = new Random(count);
        var numbers = new float[count];
        for (int i = 0; i < count; i++)
            numbers[i] = random.NextSingle() - 0.5f;
        return numbers;
    }

    public void Dispose()
    {
        Backend.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
