using SvdSurgeon.Backends;
using SvdSurgeon.Compression.Numerics;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Surgery;

/// <summary>
/// SVD-Surgeon (Safari &amp; Hutter, 2026): optimal brain surgery with the singular values as parameters. C = dropped, S = kept, inside the
/// pool of the first k components; those beyond k are dropped without compensation.
/// </summary>
internal static class Surgeon
{
    /// <summary>Smallest d that damping is relative to, so that a Fisher of zeros changes nothing instead of dividing by zero.</summary>
    private const double SmallestMeanDiagonal = 1e-12;

    /// <summary>Selects the kept components and corrects their singular values.</summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="sigma">All R singular values, descending.</param>
    /// <param name="fisher">Spectral Fisher of at least k = r + ⌊α(R − r)⌋ components.</param>
    /// <param name="rank">r.</param>
    /// <param name="options">Parameters.</param>
    /// <exception cref="InvalidInputException">The Fisher was collected for fewer components.</exception>
    /// <exception cref="NumericalException">A singular value is not finite.</exception>
    public static SurgeonResult Operate(
        ILinearAlgebra la,
        ReadOnlySpan<double> sigma,
        SpectralFisher fisher,
        int rank,
        SurgeonOptions options
    )
    {
        int k = ComponentPool.Size(sigma.Length, rank, options.PoolFraction);
        var pool = fisher.Pool(k, options.Shrinkage);
        var saliencies = options.Selection == ComponentSelection.Saliency ? Saliencies(la, sigma, pool, options.SelectionDamping) : null;
        var kept = saliencies is null ? Truncation.FirstIndices(rank) : Largest(saliencies, rank);
        return Result(sigma, pool, kept, Compensate(la, sigma, pool, kept, options), saliencies);
    }

    /// <summary>Operates on several modules: small pools in one batch where the device has one, all others beside each other.</summary>
    /// <inheritdoc cref="Operate(ILinearAlgebra, ReadOnlySpan{double}, SpectralFisher, int, SurgeonOptions)"/>
    public static IReadOnlyList<SurgeonResult> Operate(
        ILinearAlgebra la,
        ISurgeonBatch? batch,
        IReadOnlyList<SurgeonTask> tasks,
        SurgeonOptions options
    )
    {
        var results = new SurgeonResult[tasks.Count];
        int Pool(int i) => ComponentPool.Size(tasks[i].Sigma.Length, tasks[i].Rank, options.PoolFraction);
        // The first-order term has no kernel.
        int[] together =
            batch is null || options.FirstOrderWeight != 0
                ? []
                : [.. Truncation.FirstIndices(tasks.Count).Where(i => Pool(i) <= batch.LargestPool)];
        int[] alone = [.. Truncation.FirstIndices(tasks.Count).Except(together)];
        la.ForEach(
            alone.Length,
            a =>
            {
                var task = tasks[alone[a]];
                results[alone[a]] = Operate(la, task.Sigma, task.Fisher(), task.Rank, options);
            }
        );
        if (together.Length == 0)
            return results;

        FisherPool[] pools = [.. together.Select(i => tasks[i].Fisher().Pool(Pool(i), options.Shrinkage))];
        var modules = new SurgeonModule[together.Length];
        for (int b = 0; b < modules.Length; b++)
        {
            var task = tasks[together[b]];
            RequireSigma(task.Sigma, pools[b].Size);
            RequireRank(task.Rank, pools[b].Size);
            modules[b] = new SurgeonModule(task.Sigma, pools[b].ToMatrix(), Truncation.FirstIndices(task.Rank));
        }
        IReadOnlyList<double[]>? saliencies = null;
        if (options.Selection == ComponentSelection.Saliency)
        {
            saliencies = batch!.Saliencies(modules, options.SelectionDamping);
            for (int b = 0; b < modules.Length; b++)
                modules[b] = modules[b] with { Kept = Largest(saliencies[b], tasks[together[b]].Rank) };
        }
        var corrected = batch!.Compensate(modules, options.Scale, options.Damping);
        for (int b = 0; b < modules.Length; b++)
            results[together[b]] = Result(modules[b].Sigma, pools[b], modules[b].Kept, corrected[b], saliencies?[b]);
        return results;
    }

    /// <summary>
    /// s_i = σ_i² / [(H̄ + η·d·I)⁻¹]_ii for the k components of the pool: the loss that dropping i costs after the best compensation.
    /// </summary>
    public static double[] Saliencies(ILinearAlgebra la, ReadOnlySpan<double> sigma, FisherPool fisher, double selectionDamping)
    {
        RequireSigma(sigma, fisher.Size);
        double d = Math.Max(Mean(fisher.Diagonal), SmallestMeanDiagonal);
        var inverseDiagonal = InverseDiagonal(la, fisher, fisher.Ridge + selectionDamping * d);
        var saliencies = new double[fisher.Size];
        for (int i = 0; i < saliencies.Length; i++)
            saliencies[i] = sigma[i] * sigma[i] / inverseDiagonal[i];
        return saliencies;
    }

    /// <summary>The r components of the pool with the largest saliency, ascending; of equal ones the smaller index.</summary>
    public static int[] SelectBySaliency(
        ILinearAlgebra la,
        ReadOnlySpan<double> sigma,
        FisherPool fisher,
        int rank,
        double selectionDamping
    )
    {
        return Largest(Saliencies(la, sigma, fisher, selectionDamping), rank);
    }

    /// <summary>Closed-form compensation of the kept singular values (update step).</summary>
    /// <remarks>
    /// Minimises ½δᵀH̄δ subject to δ_C = −σ_C: δ_S = (H̄_SS + ε·d·I)⁻¹ H̄_SC σ_C with d = max(mean diag H̄_SS, 1e-12), then σ_S ← max(σ_S +
    /// c·δ_S, 0).
    /// </remarks>
    /// <param name="la">Decompositions.</param>
    /// <param name="sigma">Singular values, descending, at least k.</param>
    /// <param name="fisher">Spectral Fisher H̄ of k components.</param>
    /// <param name="kept">S: ascending indices of the kept components, below k.</param>
    /// <param name="options">c, ε and the weight of the first-order term.</param>
    /// <returns>The corrected kept values, length r, each at or above 0.</returns>
    /// <exception cref="NumericalException">A singular value is not finite.</exception>
    public static double[] Compensate(
        ILinearAlgebra la,
        ReadOnlySpan<double> sigma,
        FisherPool fisher,
        ReadOnlySpan<int> kept,
        SurgeonOptions options
    )
    {
        RequireSigma(sigma, fisher.Size);
        RequireRank(kept.Length, fisher.Size);
        var corrected = new double[kept.Length];
        var delta = Correction(la, sigma, fisher, kept, options);
        for (int i = 0; i < corrected.Length; i++)
            corrected[i] = Math.Max(sigma[kept[i]] + options.Scale * delta[i], 0);
        FiniteNumbers.Require(corrected, "The corrected singular values");
        return corrected;
    }

    /// <summary>δ_S, before it is scaled and clamped.</summary>
    internal static double[] Correction(
        ILinearAlgebra la,
        ReadOnlySpan<double> sigma,
        FisherPool fisher,
        ReadOnlySpan<int> kept,
        SurgeonOptions options
    )
    {
        var dropped = Complement(kept, fisher.Size);
        var sigmaC = new Matrix(dropped.Length, 1);
        for (int i = 0; i < dropped.Length; i++)
            sigmaC[i, 0] = sigma[dropped[i]];

        double d = 0;
        foreach (int s in kept)
            d += fisher.Diagonal[s] / kept.Length;
        double damping = fisher.Ridge + options.Damping * Math.Max(d, SmallestMeanDiagonal);

        if (fisher.Gradients is { } gradients && gradients.Rows < kept.Length)
        {
            // Woodbury: (ḠsᵀḠs + λI)⁻¹ Ḡsᵀv = Ḡsᵀ(ḠsḠsᵀ + λI)⁻¹v, a system of N unknowns instead of r.
            var gs = gradients.SelectColumns(kept);
            var v = la.Multiply(gradients.SelectColumns(dropped), sigmaC);
            foreach (ref double x in v.Data.AsSpan())
                x -= options.FirstOrderWeight * fisher.GradientSumWeight;
            return la.Multiply(gs, PositiveDefinite.Solve(la, la.Multiply(gs, gs, transposeB: true), damping, v), transposeA: true).Data;
        }
        var right = la.Multiply(fisher.Block(kept, dropped), sigmaC);
        if (options.FirstOrderWeight != 0)
        {
            var sum = fisher.GradientSum(kept);
            for (int i = 0; i < kept.Length; i++)
                right[i, 0] -= options.FirstOrderWeight * sum[i, 0];
        }
        return PositiveDefinite.Solve(la, fisher.Block(kept, kept), damping, right).Data;
    }

    /// <summary>
    /// ½δᵀH̄δ for dropping the other components of the pool and giving the kept ones new values; in units of H̄, a sum over N samples.
    /// </summary>
    /// <remarks>For the undamped correction this is ½σ_Cᵀ(H̄_CC − H̄_CS H̄_SS⁻¹ H̄_SC)σ_C.</remarks>
    public static double PredictedLoss(
        ReadOnlySpan<double> sigma,
        FisherPool fisher,
        ReadOnlySpan<int> kept,
        ReadOnlySpan<double> corrected
    )
    {
        var delta = new double[fisher.Size];
        for (int i = 0; i < delta.Length; i++)
            delta[i] = -sigma[i];
        for (int i = 0; i < kept.Length; i++)
            delta[kept[i]] = corrected[i] - sigma[kept[i]];
        return fisher.HalfQuadratic(delta);
    }

    /// <summary>
    /// The predicted loss after compensation for every rank at once, S = {1..r}: with H̄ + ε·d·I = L Lᵀ the Schur complement of the leading
    /// r × r block is L_CC L_CCᵀ, so the loss is ½Σ_{j>r} w_j² with w = Lᵀσ, whatever r is. One factorization of k × k gives all k + 1
    /// values.
    /// </summary>
    /// <returns>Entry r is the loss of keeping the first r of the k components; entry k is 0.</returns>
    public static double[] PredictedLosses(ILinearAlgebra la, ReadOnlySpan<double> sigma, FisherPool fisher, double damping)
    {
        RequireSigma(sigma, fisher.Size);
        int k = fisher.Size;
        double d = Math.Max(Mean(fisher.Diagonal), SmallestMeanDiagonal);
        var lower = PositiveDefinite.Factor(
            la,
            PositiveDefinite.AddToDiagonal(fisher.ToMatrix(), damping * d),
            "The spectral Fisher",
            out _
        );
        var w = la.Multiply(lower, new Matrix(k, 1, sigma[..k].ToArray()), transposeA: true);
        var losses = new double[k + 1];
        for (int j = k - 1; j >= 0; j--)
            losses[j] = losses[j + 1] + 0.5 * w[j, 0] * w[j, 0];
        return losses;
    }

    private static SurgeonResult Result(ReadOnlySpan<double> sigma, FisherPool pool, int[] kept, double[] corrected, double[]? saliencies)
    {
        var unchanged = new double[kept.Length];
        for (int i = 0; i < kept.Length; i++)
            unchanged[i] = sigma[kept[i]];
        return new SurgeonResult(
            kept,
            corrected,
            PredictedLoss(sigma, pool, kept, unchanged),
            PredictedLoss(sigma, pool, kept, corrected),
            saliencies
        );
    }

    private static int[] Largest(double[] saliencies, int rank)
    {
        RequireRank(rank, saliencies.Length);
        var order = Truncation.FirstIndices(saliencies.Length);
        Array.Sort(order, (i, j) => saliencies[i] != saliencies[j] ? saliencies[j].CompareTo(saliencies[i]) : i.CompareTo(j));
        var kept = order[..rank];
        Array.Sort(kept);
        return kept;
    }

    // diag((H̄ + λI)⁻¹), H̄ without its ridge.
    private static double[] InverseDiagonal(ILinearAlgebra la, FisherPool fisher, double lambda)
    {
        int k = fisher.Size;
        var diagonal = new double[k];
        if (
            fisher.Gradients is { } gradients
            && lambda > 0
            && PositiveDefinite.TryFactor(
                la,
                PositiveDefinite.AddToDiagonal(la.Multiply(gradients, gradients, transposeB: true), lambda),
                out var small
            )
        )
        {
            // Woodbury: (ḠᵀḠ + λI)⁻¹ = (I − Ḡᵀ(ḠḠᵀ + λI)⁻¹Ḡ)/λ; the diagonal needs the column norms of L⁻¹Ḡ only.
            var norms = ColumnNorms2(la.SolveTriangular(small, gradients, Side.Left, transpose: false));
            for (int i = 0; i < k; i++)
                diagonal[i] = (1 - norms[i]) / lambda;
            return diagonal;
        }
        var all = Truncation.FirstIndices(k);
        var damped = PositiveDefinite.AddToDiagonal(fisher.Block(all, all), lambda);
        if (PositiveDefinite.TryFactor(la, damped, out var lower))
            return ColumnNorms2(la.SolveTriangular(lower, Matrix.Identity(k), Side.Left, transpose: false));

        var (values, vectors) = la.SymmetricEigen(damped);
        double floor = PositiveDefinite.EigenvalueFloor(values);
        for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++)
        {
            double share = vectors[i, j] * vectors[i, j];
            if (values[j] > floor)
                diagonal[i] += share / values[j];
            // A direction that costs nothing: the inverse has no bound there, and the saliency is 0.
            else if (share > 1e-10)
                diagonal[i] = double.PositiveInfinity;
        }
        return diagonal;
    }

    private static double[] ColumnNorms2(Matrix a)
    {
        var norms = new double[a.Columns];
        for (int i = 0; i < a.Rows; i++)
        {
            var row = a.Row(i);
            for (int j = 0; j < row.Length; j++)
                norms[j] += row[j] * row[j];
        }
        return norms;
    }

    private static int[] Complement(ReadOnlySpan<int> kept, int size)
    {
        var dropped = new int[size - kept.Length];
        for (int i = 0, s = 0, c = 0; i < size; i++)
        {
            if (s < kept.Length && kept[s] == i)
                s++;
            else if (c == dropped.Length)
                throw new ArgumentException($"The kept components must be ascending, different and below {size}.", nameof(kept));
            else
                dropped[c++] = i;
        }
        return dropped;
    }

    private static double Mean(double[] values)
    {
        double sum = 0;
        foreach (double v in values)
            sum += v;
        return sum / values.Length;
    }

    private static void RequireSigma(ReadOnlySpan<double> sigma, int k)
    {
        if (sigma.Length < k)
            throw new ArgumentException($"{sigma.Length} singular values for a spectral Fisher of {k} components.", nameof(sigma));
        FiniteNumbers.Require(sigma, "The singular values");
    }

    private static void RequireRank(int rank, int k)
    {
        if (rank < 1 || rank > k)
            throw new InvalidInputException($"Rank {rank} does not fit into a pool of {k} components.");
    }
}
