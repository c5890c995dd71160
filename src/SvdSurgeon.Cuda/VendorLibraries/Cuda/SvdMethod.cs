namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>Ways to a singular value decomposition on the device.</summary>
internal enum SvdMethod
{
    /// <summary>gesvdjBatched: one-sided Jacobi, sides up to 32, many at once.</summary>
    Jacobi,

    /// <summary>gesvd: bidiagonalization and QR; the most careful one, and slow.</summary>
    Qr,

    /// <summary>Eigen-decomposition of the smaller Gram matrix: least work, and the small singular values lose half their digits.</summary>
    GramEigen,

    /// <summary>Xgesvdp: polar decomposition, made of products, and as careful as QR but near singular matrices.</summary>
    Polar,
}
