using NUnit.Framework;
using SvdSurgeon.Cuda.VendorLibraries.Loading;

namespace SvdSurgeon.Cuda.Tests;

/// <summary>Which of several installed versions is taken, on folders as toolkits and Python packages lay them out.</summary>
[Platform("Linux")]
public sealed class LibrarySearchTests
{
    private string _root = null!;

    [SetUp]
    public void Make() => _root = Directory.CreateTempSubdirectory("svdsurgeon-").FullName;

    [TearDown]
    public void Delete() => Directory.Delete(_root, recursive: true);

    [TestCase(null, 13), TestCase(13, 13), TestCase(12, 12), TestCase(11, 11)]
    public void The_newest_version_is_taken_that_the_driver_serves(int? driver, int expected)
    {
        Toolkit("cuda", 11, 12, 13);
        var result = Find(driver, ("CUDA_PATH", "cuda"));
        Assert.That(result.Libraries!.Generation.Major, Is.EqualTo(expected));
        Assert.That(result.PassedOver, Has.Count.EqualTo(13 - expected));
        if (driver is 12)
            Assert.That(result.PassedOver[0], Does.Contain("libcublas.so.13 is of CUDA 13, and the driver serves CUDA 12"));
    }

    [Test]
    public void The_packages_of_a_Python_environment_are_found_in_their_folders()
    {
        string site = Path.Combine("venv", "lib", "python3.12", "site-packages", "nvidia");
        Place(Path.Combine(site, "cublas", "lib"), "libcublas.so.12");
        Place(Path.Combine(site, "cusolver", "lib"), "libcusolver.so.11");
        foreach (string variable in new[] { "VIRTUAL_ENV", LibraryFolders.Variable })
        {
            var pair = Find(12, (variable, "venv")).Libraries!;
            Assert.That(pair.Blas, Is.EqualTo(Path.Combine(_root, site, "cublas", "lib", "libcublas.so.12")), variable);
            Assert.That(pair.Solver, Is.EqualTo(Path.Combine(_root, site, "cusolver", "lib", "libcusolver.so.11")), variable);
        }
    }

    [Test]
    public void The_packages_of_CUDA_13_share_one_folder()
    {
        string folder = Path.Combine("site-packages", "nvidia", "cu13", "lib");
        Place(folder, "libcublas.so.13", "libcusolver.so.12");
        Assert.That(
            Find(13, (LibraryFolders.Variable, "site-packages")).Libraries!.Solver,
            Is.EqualTo(Path.Combine(_root, folder, "libcusolver.so.12"))
        );
    }

    [Test]
    public void A_cuSOLVER_comes_from_the_toolkit_of_its_cuBLAS()
    {
        // CUDA 11 and 12 have one name for it.
        Toolkit("eleven", 11);
        Toolkit("twelve", 12);
        var pair = Find(12, ("CUDA_PATH", "eleven"), ("CUDA_HOME", "twelve")).Libraries!;
        Assert.That(pair.Blas, Does.StartWith(Path.Combine(_root, "twelve")));
        Assert.That(pair.Solver, Does.StartWith(Path.Combine(_root, "twelve")));
    }

    [Test]
    public void A_folder_that_the_user_names_goes_before_a_newer_version_elsewhere()
    {
        Toolkit("mine", 11);
        Toolkit("theirs", 12);
        Assert.That(Find(13, (LibraryFolders.Variable, "mine"), ("CUDA_PATH", "theirs")).Libraries!.Generation.Major, Is.EqualTo(11));
    }

    [Test]
    public void A_cuBLAS_alone_is_passed_over_with_the_reason()
    {
        Place(Path.Combine("cuda", "lib64"), "libcublas.so.12");
        var result = Find(12, ("LD_LIBRARY_PATH", Path.Combine("cuda", "lib64")));
        Assert.That(result.Libraries, Is.Null);
        Assert.That(result.PassedOver.Single(), Does.EndWith("libcublas.so.12 has no libcusolver.so.11 to go with it"));
    }

    private void Toolkit(string name, params int[] majors)
    {
        foreach (var generation in CudaGeneration.NewestFirst.Where(g => majors.Contains(g.Major)))
            Place(Path.Combine(name, "lib64"), generation.Blas, generation.Solver);
    }

    private void Place(string folder, params string[] files)
    {
        string path = Directory.CreateDirectory(Path.Combine(_root, folder)).FullName;
        foreach (string file in files)
            File.WriteAllText(Path.Combine(path, file), "");
    }

    // Of this machine nothing is seen but the test's own folder.
    private LibrarySearch.Result Find(int? driver, params (string Variable, string Folder)[] environment) =>
        LibrarySearch.Find(
            new LibraryFolders(name =>
                environment.FirstOrDefault(pair => pair.Variable == name) is { Folder: { } folder } ? Path.Combine(_root, folder) : null
            ),
            driver,
            path => path.StartsWith(_root, StringComparison.Ordinal) && File.Exists(path)
        );
}
