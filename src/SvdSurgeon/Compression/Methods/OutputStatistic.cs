namespace SvdSurgeon.Compression.Methods;

/// <summary>What a method asks to be collected of the loss gradients at the modules' outputs.</summary>
internal enum OutputStatistic
{
    /// <summary>Nothing: no backward pass.</summary>
    None,

    /// <summary>C = Σ g gᵀ over the tokens, m × m.</summary>
    Gram,

    /// <summary>The Fisher information of every row of W, length m; needs the weight gradients themselves.</summary>
    RowFisher,
}
