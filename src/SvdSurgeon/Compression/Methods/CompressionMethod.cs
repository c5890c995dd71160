using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Compression.Methods;

/// <summary>
/// How a weight matrix is scaled before its singular value decomposition: S_gᵀ W S_x is decomposed and truncated. A method is one file of
/// this folder and one line of <see cref="All"/>; help, messages, reports, the recipe's schema and the pipeline ask it, never its name.
/// </summary>
public abstract class CompressionMethod
{
    private protected CompressionMethod() { }

    /// <summary>Plain truncated SVD.</summary>
    public static CompressionMethod Svd { get; } = new PlainSvd();

    /// <summary>Columns scaled by the root of the mean absolute input (ASVD).</summary>
    public static CompressionMethod Asvd { get; } = new ActivationScaling();

    /// <summary>Rows scaled by the root of their Fisher information (FWSVD).</summary>
    public static CompressionMethod Fwsvd { get; } = new FisherWeighting();

    /// <summary>Truncation-aware whitening of the inputs (SVD-LLM).</summary>
    public static CompressionMethod Whiten { get; } = new InputWhitening();

    /// <summary>Two-sided whitening: a dropped singular value costs the same loss in every module.</summary>
    public static CompressionMethod Kfac { get; } = new TwoSidedWhitening();

    /// <summary>The best combination, each step kept only if the loss on held-out calibration sequences improves.</summary>
    public static CompressionMethod Auto { get; } = new BestOfAll();

    /// <summary>Every method, in the order of the help. A new one is one line here.</summary>
    public static IReadOnlyList<CompressionMethod> All { get; } = [Svd, Asvd, Fwsvd, Whiten, Kfac, Auto];

    /// <summary>Its name on the command line, in recipes and in artifact keys.</summary>
    public abstract string Name { get; }

    /// <summary>What it does, in words that help and reports print after its name.</summary>
    public abstract string Sentence { get; }

    /// <summary>Whether statistics of the modules' inputs are collected for it.</summary>
    public virtual bool NeedsInputs => false;

    /// <summary>What is collected of the loss gradients at the modules' outputs.</summary>
    internal virtual OutputStatistic Outputs => OutputStatistic.None;

    /// <summary>Whether any statistics of the calibration text are collected for it.</summary>
    public bool NeedsCalibration => NeedsInputs || Outputs != OutputStatistic.None;

    /// <summary>
    /// Whether the columns' metric is a factor of the inputs' Gram matrix. Kept columns and the sequential pass rest on it.
    /// </summary>
    public virtual bool IsWhitened => false;

    /// <summary>
    /// Whether its singular values estimate the loss itself, in one unit for all modules. Ranks by spectrum, refinements and Newton steps
    /// rest on it.
    /// </summary>
    public virtual bool ModelsLoss => false;

    /// <summary>Whether it is a search over the other methods, which holds some calibration sequences out.</summary>
    public virtual bool IsSearch => false;

    /// <summary>S_x, what the columns of a group's weights are scaled with; null for nothing.</summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="inputs">What was collected of the group's inputs.</param>
    /// <param name="form">How a Gram matrix is factored.</param>
    internal virtual WhiteningFactor? Input(ILinearAlgebra la, IInputSample inputs, WhiteningForm form) => null;

    /// <summary>S_g, what the rows of a module's weight are scaled with; null for nothing.</summary>
    /// <param name="la">Decompositions.</param>
    /// <param name="outputs">What was collected at the module's output.</param>
    internal virtual WhiteningFactor? Output(ILinearAlgebra la, IOutputSample outputs) => null;

    /// <summary>The factor of a Gram matrix of inputs, the dense model's or the compressed one's; where <see cref="IsWhitened"/>.</summary>
    internal virtual WhiteningFactor Factor(ILinearAlgebra la, Matrix gram, WhiteningForm form) =>
        form == WhiteningForm.Eigen ? WhiteningFactor.Eigen(la, gram) : WhiteningFactor.Cholesky(la, gram);

    /// <summary>The Gram matrix that <see cref="Factor"/> factors, damping included.</summary>
    internal virtual Matrix Damp(Matrix gram) => gram;

    /// <summary>The method called <paramref name="name"/>, whatever the case of its letters; null for none.</summary>
    public static CompressionMethod? Find(string name) =>
        All.FirstOrDefault(method => method.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The names of the methods that can do something, for messages: "whiten or kfac".</summary>
    internal static string NamesWhere(Func<CompressionMethod, bool> can) =>
        string.Join(" or ", All.Where(can).Select(method => method.Name));

    /// <inheritdoc/>
    public sealed override string ToString() => Name;
}
