using System.ComponentModel;
using System.Diagnostics;
using NUnit.Framework;
using SvdSurgeon.Backends.SystemBlas;

namespace SvdSurgeon.Tests.Backends;

/// <summary>What --blas takes and what it refuses, and with which words.</summary>
[TestFixture]
public sealed class BlasLibraryTests
{
    private string _folder = "";

    [OneTimeSetUp]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("svdsurgeon-test-").FullName;

    [OneTimeTearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Managed_is_no_library() => Assert.That(BlasLibrary.Choose("managed"), Is.Null);

    [Test]
    public void Auto_takes_what_the_loader_finds() => Assert.That(BlasLibrary.Choose("auto")?.Path, Is.EqualTo(FoundBlas.Library.Path));

    [Test]
    public void The_file_that_was_found_can_be_given()
    {
        var library = BlasLibrary.Choose(FoundBlas.Library.Path)!;
        Assert.That(library.ToString(), Is.EqualTo(FoundBlas.Library.ToString()));
        Assert.That(library.ToString(), Does.Match(@"^(OpenBLAS|MKL) \d+\.\d+.*: .+"));
        Assert.That(File.Exists(library.Path), Is.True);
    }

    [
        TestCase("Prescott", true, true, "SkylakeX"),
        TestCase("Prescott", false, true, "Haswell"),
        TestCase("Haswell", true, true, "SkylakeX"),
        TestCase("Zen", true, true, "SkylakeX")
    ]
    [
        TestCase("Haswell", false, true, null),
        TestCase("Prescott", false, false, null),
        TestCase("SkylakeX", true, true, null),
        TestCase(null, true, true, null)
    ]
    public void Kernels_that_leave_vectors_unused_come_with_advice(string? kernels, bool avx512, bool avx2, string? better)
    {
        if (better is null)
            Assert.That(BlasLibrary.AdviceOn(kernels, avx512, avx2), Is.Null);
        else
            Assert.That(BlasLibrary.AdviceOn(kernels, avx512, avx2), Does.Contain($"OPENBLAS_CORETYPE={better} in"));
    }

    [Test]
    public void A_file_that_is_not_there_is_refused() => AssertRefused(Path.Combine(_folder, "absent.so"), "no such file");

    [Test]
    public void A_file_that_is_no_library_is_refused()
    {
        string file = Path.Combine(_folder, "text.so");
        File.WriteAllText(file, "not a library");
        AssertRefused(file, "cannot be loaded");
    }

    [Test]
    public void Another_library_is_refused() =>
        AssertRefused(Compiled("other", "int answer(void) { return 42; }"), "neither OpenBLAS nor MKL");

    [Test]
    public void Functions_for_64_bit_integers_are_refused_by_name() =>
        AssertRefused(Compiled("suffixed", "void cblas_sgemm64_(void) { }"), "64-bit integers only (cblas_sgemm64_)");

    [Test]
    public void An_OpenBLAS_built_for_64_bit_integers_is_refused() =>
        AssertRefused(
            Compiled(
                "ilp64",
                "void openblas_set_num_threads(int n) { } char *openblas_get_config(void) { return \"OpenBLAS 0.3.21 USE64BITINT "
                    + "DYNAMIC_ARCH\"; }"
            ),
            "USE64BITINT"
        );

    [Test]
    public void A_missing_function_is_named() =>
        AssertRefused(
            Compiled("partial", "void openblas_set_num_threads(int n) { } void cblas_sgemm(void) { } void cblas_dgemm(void) { }"),
            "lacks the function cblas_dtrsm"
        );

    [Test]
    public void An_MKL_that_stays_with_64_bit_integers_is_refused() =>
        AssertRefused(
            Compiled("mkl", "void MKL_Set_Num_Threads(int n) { } int MKL_Set_Interface_Layer(int n) { return 1; }"),
            "MKL_INTERFACE_LAYER"
        );

    private static void AssertRefused(string file, string why)
    {
        var error = Assert.Throws<InvalidInputException>(() => BlasLibrary.Choose(file));
        Assert.That(error!.Message, Does.StartWith($"--blas {file}: ").And.Contain(why).And.Contain("managed").And.Not.Contain("\n"));
    }

    // A library of a few empty functions; the tests that need one are skipped where there is no C compiler.
    private string Compiled(string name, string source)
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("The stand-in libraries are built with cc.");
        string file = Path.Combine(_folder, name + ".so"),
            code = Path.Combine(_folder, name + ".c");
        File.WriteAllText(code, source);
        try
        {
            using var compiler = Process.Start(
                new ProcessStartInfo("cc", ["-shared", "-fPIC", "-o", file, code]) { RedirectStandardError = true }
            )!;
            string said = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            Assert.That(compiler.ExitCode, Is.Zero, said);
        }
        catch (Win32Exception)
        {
            Assert.Ignore("There is no C compiler 'cc' to build a stand-in library.");
        }
        return file;
    }
}
