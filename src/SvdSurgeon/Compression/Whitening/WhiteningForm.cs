namespace SvdSurgeon.Compression.Whitening;

/// <summary>How the Gram matrix is factored for whitening.</summary>
internal enum WhiteningForm
{
    /// <summary>Triangular, with a growing jitter where the matrix is singular.</summary>
    Cholesky,

    /// <summary>By eigenvectors, without jitter: directions that never occur are left out (SVD-LLM V2).</summary>
    Eigen,
}
