namespace SvdSurgeon.Cuda.VendorLibraries.Declarations;

/// <summary>cusolverStatus_t.</summary>
internal enum CusolverStatus
{
    Success = 0,
    NotInitialized = 1,
    AllocFailed = 2,
    InvalidValue = 3,
    ArchMismatch = 4,
    MappingError = 5,
    ExecutionFailed = 6,
    InternalError = 7,
    MatrixTypeNotSupported = 8,
    NotSupported = 9,
    ZeroPivot = 10,
    InvalidLicense = 11,
}
