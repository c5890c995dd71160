// The same names as in VendorLibraries/ManagedCuda/ManagedCudaNames.cs, which takes this folder's place with -p:ManagedCuda=true.
global using SvdSurgeon.Cuda.VendorLibraries.Declarations;
global using SizeT = nuint;
