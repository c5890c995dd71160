namespace SvdSurgeon;

/// <summary>
/// Temporary files of all tests lie in memory where there is room for them, unless TMPDIR says where: the program waits for the disk after
/// every file it writes, and the tests write thousands.
/// </summary>
[NUnit.Framework.SetUpFixture]
public sealed class TemporaryFilesInMemory
{
    private const string Memory = "/dev/shm",
        Variable = "TMPDIR";
    private const long Room = 1L << 30;

    [NUnit.Framework.OneTimeSetUp]
    public void Choose()
    {
        if (
            Environment.GetEnvironmentVariable(Variable) is null
            && Directory.Exists(Memory)
            && new DriveInfo(Memory).AvailableFreeSpace >= Room
        )
            Environment.SetEnvironmentVariable(Variable, Memory);
    }
}
