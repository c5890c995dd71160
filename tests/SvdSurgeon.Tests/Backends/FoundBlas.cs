using NUnit.Framework;
using SvdSurgeon.Backends.SystemBlas;

namespace SvdSurgeon.Tests.Backends;

/// <summary>The OpenBLAS or MKL of this machine, for tests that need one.</summary>
internal static class FoundBlas
{
    private static readonly BlasLibrary? s_library = BlasLibrary.Find();

    /// <summary>It, or the end of the test with a reason.</summary>
    public static BlasLibrary Library
    {
        get
        {
            if (s_library is null)
                Assert.Ignore($"None of {string.Join(", ", BlasLibrary.UsualNames)} can be used here.");
            return s_library;
        }
    }
}
