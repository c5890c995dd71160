using System.Runtime.CompilerServices;

namespace SvdSurgeon.Tests;

/// <summary>Files of the checkout that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>The path of a file or folder, given from the top of the checkout.</summary>
    public static string File(string path) => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", path));

    private static string Here([CallerFilePath] string path = "") => path;
}
