using NUnit.Framework;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Results;

namespace SvdSurgeon.Tests.Pipeline;

/// <summary>Two runs do not write into one output folder, nor into one work folder.</summary>
[TestFixture]
public sealed class OutputLockTests
{
    [Test]
    public void A_work_folder_is_one_run_s_or_that_of_different_shards()
    {
        string folder = Directory.CreateTempSubdirectory("svdsurgeon-test-").FullName;
        Shard first = new(1, 2),
            second = new(2, 2);
        try
        {
            using (new WorkFolder(folder).Claim())
            {
                Refused(null);
                Refused(first);
                Assert.That(() => new WorkFolder(folder).EnsureFree(), Throws.InstanceOf<InvalidInputException>());
            }
            using (new WorkFolder(folder).Claim(first))
            {
                Refused(null);
                Refused(first);
                new WorkFolder(folder).Claim(second)!.Dispose();
            }
            new WorkFolder(folder).Claim()!.Dispose();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        void Refused(Shard? shard) =>
            Assert.That(
                () => new WorkFolder(folder).Claim(shard),
                Throws.InstanceOf<InvalidInputException>().With.Message.Contains($"--work {folder}: another run works in this folder")
            );
    }

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
