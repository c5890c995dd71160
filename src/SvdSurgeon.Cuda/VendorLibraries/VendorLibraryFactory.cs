using ILGPU.Runtime;
using SvdSurgeon.Cuda.Memory;

namespace SvdSurgeon.Cuda.VendorLibraries;

/// <summary>Makes the libraries that serve an accelerator, on the backend's stream and with its pool for workspaces.</summary>
internal delegate IVendorLibraries VendorLibraryFactory(
    Accelerator accelerator,
    AcceleratorStream stream,
    DevicePool pool,
    CudaOptions options
);
