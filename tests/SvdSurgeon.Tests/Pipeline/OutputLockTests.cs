using NUnit.Framework;
using SvdSurgeon.Pipeline.Results;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>Two runs do not write into one output folder.</summary>
[TestFixture]
public sealed class OutputLockTests
{
    [Test]
    public void A_second_run_in_a_folder_is_refused_until_the_first_is_done()
    {
        string folder = Directory.CreateTempSubdirectory("svdsurgeon-test-").FullName;
        try
        {
            using (new ResultFolder(folder).Claim())
                Assert.That(
                    () => new ResultFolder(folder).Claim(),
                    Throws.InstanceOf<InvalidInputException>().With.Message.Contains("another run works in this folder")
                );
            using (new ResultFolder(folder).Claim())
                Assert.That(Directory.EnumerateFileSystemEntries(folder).Count(), Is.EqualTo(1));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
