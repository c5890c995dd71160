namespace SvdSurgeon.Compression.Allocation;

/// <summary>
/// How the budget is distributed over the modules. A rule is one file of this folder and one line of <see cref="All"/>; help, messages,
/// reports, the recipe's schema and the pipeline ask it, never its name.
/// </summary>
public abstract class AllocationRule
{
    private protected AllocationRule() { }

    /// <summary>The same kept fraction everywhere.</summary>
    public static AllocationRule Uniform { get; } = new UniformRule();

    /// <summary>By the measured KL divergence of each module's candidate ratios, the best choice within the budget (Duo-SVD).</summary>
    public static AllocationRule Dp { get; } = new DivergenceRule();

    /// <summary>By the same measurements and one threshold for all modules (Duo-SVD's greedy rule).</summary>
    public static AllocationRule Greedy { get; } = new GreedyRule();

    /// <summary>By the loss that the spectral Fisher predicts for each module's ranks, the best choice within the budget.</summary>
    public static AllocationRule Fisher { get; } = new FisherRule();

    /// <summary>By the singular values of all modules together; needs a method whose values estimate the loss.</summary>
    public static AllocationRule Spectrum { get; } = new SpectrumRule();

    /// <summary>Every rule, in the order of the help. A new one is one line here.</summary>
    public static IReadOnlyList<AllocationRule> All { get; } = [Uniform, Dp, Greedy, Fisher, Spectrum, new LemsRule()];

    /// <summary>Its name on the command line, in recipes and in artifact keys.</summary>
    public abstract string Name { get; }

    /// <summary>What it goes by, in words that the help prints after its name.</summary>
    public abstract string Sentence { get; }

    /// <summary>Whether the ranks follow from shapes and ratio alone, so that a plan knows them before anything is computed.</summary>
    public virtual bool IsKnownBeforehand => false;

    /// <summary>Whether the spectral Fisher is collected for it.</summary>
    public virtual bool NeedsFisher => false;

    /// <summary>
    /// Whether singular values of different modules are compared: the method's must then estimate the loss
    /// (<see cref="Methods.CompressionMethod.ModelsLoss"/>).
    /// </summary>
    public virtual bool ComparesModules => false;

    /// <summary>Whether KL divergences are measured for it.</summary>
    public virtual bool MeasuresDivergence => false;

    /// <summary>How many divergences are measured per module, for the estimate of the work.</summary>
    internal virtual int DivergencesPerModule(double ratio) => 0;

    /// <summary>The rank of every module, 0 for dense.</summary>
    /// <param name="problem">Modules and budget.</param>
    /// <param name="evidence">What can be known of the modules; what is asked for is computed.</param>
    internal abstract int[] Choose(AllocationProblem problem, IRankEvidence evidence);

    /// <summary>Why a module got no rank, in words.</summary>
    internal virtual string WhyDense(AllocationProblem problem, ModuleShape module) => "worth more than its size to the model";

    /// <summary>The rule called <paramref name="name"/>, whatever the case of its letters; null for none.</summary>
    public static AllocationRule? Find(string name) =>
        All.FirstOrDefault(rule => rule.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <inheritdoc/>
    public sealed override string ToString() => Name;
}
