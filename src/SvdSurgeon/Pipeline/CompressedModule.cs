using SvdSurgeon.Compression;
using SvdSurgeon.Formats;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Pipeline;

/// <summary>Makes one module's stored form from its factors, the plan and the spectral Fisher.</summary>
internal static class CompressedModule
{
    /// <summary>A (m × r) and B (r × n) of a module that the plan truncates.</summary>
    public static LowRankFactors Build(ILinearAlgebra la, ModulePlan plan, SafeTensorsFile factors, SpectralGradients? gradients, CompressionOptions options)
    {
        int rank = plan.Rank!.Value;
        if (gradients is null) return Truncation.Keep(Load(plan, factors, rank), rank);
        var spectral = Load(plan, factors, options.Surgeon == SurgeonMode.Select ? plan.Pool : rank);
        var selection = options.Surgeon == SurgeonMode.Select ? ComponentSelection.Saliency : ComponentSelection.Magnitude;
        var result = Surgeon.Operate(la, spectral.Sigma, gradients.Fisher(la, plan.Name), rank, options.SurgeonOptions with { Selection = selection });
        return Truncation.Keep(spectral, result.Kept, result.Sigma);
    }

    private static SpectralFactors Load(ModulePlan plan, SafeTensorsFile factors, int components)
    {
        var left = Rows(factors[plan.Name + ".left"], components).Transpose();
        var right = Rows(factors[plan.Name + ".right"], components);
        return new SpectralFactors(left, factors[plan.Name + ".sigma"].Doubles().ToArray(), right);
    }

    private static Matrix Rows(StoredTensor tensor, int count)
    {
        var values = new float[count * tensor.Columns];
        tensor.WidenRows(0, count, values);
        return Matrix.FromSingles(count, tensor.Columns, values);
    }
}
