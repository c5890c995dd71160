using NUnit.Framework;

namespace SvdSurgeon.Tests;

/// <summary>Where golden files lie: the small ones beside the tests, the large ones in the folder `shared` beside the checkout.</summary>
internal static class GoldenFiles
{
    /// <summary>A file of tests/SvdSurgeon.Tests/Golden, which is copied to the output.</summary>
    public static string Copied(params string[] path) => Path.Combine([TestContext.CurrentContext.TestDirectory, "Golden", .. path]);

    /// <summary>A file or folder of `shared`; where there is none the test is ignored.</summary>
    public static string Shared(params string[] path)
    {
        for (var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory); folder is not null; folder = folder.Parent)
        {
            string shared = Path.Combine(folder.FullName, "shared");
            if (Directory.Exists(Path.Combine(shared, "golden")))
                return Path.Combine([shared, .. path]);
        }
        Assert.Ignore("This test needs the folder 'shared' beside the checkout.");
        return "";
    }
}
