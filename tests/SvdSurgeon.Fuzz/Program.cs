using System.Security.Cryptography;
using SvdSurgeon.Fuzz;
using SvdSurgeon.Fuzz.Openings;

// instrument LIBRARY.dll            lets the library count its branches
// run FORMAT FINDINGS [options]     libFuzzer's loop over one format; its options and corpus folders follow
// replay FORMAT FILE…               the contract, once for each file
string here = AppContext.BaseDirectory;
return args switch
{
    ["instrument", var library] => Instrument(library),
    ["run", var format, var findings, .. var options] => Fuzz(format, findings, options),
    ["replay", var format, .. var files] => Replay(format, files),
    ["formats"] => Print(AllOpenings.All.Select(opening => opening.Name)),
    _ => Print([
        "usage: instrument LIBRARY.dll | run FORMAT FINDINGS [options] | replay FORMAT FILE… | formats (tests/SvdSurgeon.Fuzz/fuzz.sh "
            + "runs all of it)",
    ]) + 2,
};

static int Print(IEnumerable<string> lines)
{
    foreach (string line in lines)
        Console.WriteLine(line);
    return 0;
}

static int Instrument(string library)
{
    var types = SharpFuzz.Fuzzer.Instrument(
        library,
        name => name.StartsWith("SvdSurgeon", StringComparison.Ordinal),
        SharpFuzz.Options.Value
    );
    return Print([$"{types.Count()} types instrumented"]);
}

int Fuzz(string format, string findings, string[] options)
{
    var opening = AllOpenings.All.Single(opening => opening.Name == format);
    string workspace = Directory.CreateTempSubdirectory("fuzz-").FullName;
    var contract = new Contract(workspace, Path.Combine(here, "Fixtures"));
    var known = new HashSet<string>();
    Directory.CreateDirectory(findings);
    int code = LibFuzzer.Run(
        bytes =>
        {
            if (contract.Breach(opening, bytes) is not { } breach || !known.Add(Kind(breach)))
                return;
            string name = Path.Combine(findings, $"{format}-{Convert.ToHexStringLower(SHA256.HashData(bytes))[..12]}");
            File.WriteAllBytes(name, bytes);
            Console.Error.WriteLine($"BREACH {name}: {breach}");
        },
        options
    );
    Directory.Delete(workspace, recursive: true);
    return code;
}

int Replay(string format, string[] files)
{
    var opening = AllOpenings.All.Single(opening => opening.Name == format);
    string workspace = Directory.CreateTempSubdirectory("fuzz-").FullName;
    var contract = new Contract(workspace, Path.Combine(here, "Fixtures"));
    int breaches = 0;
    foreach (string file in files)
        if (contract.Breach(opening, File.ReadAllBytes(file)) is { } breach)
        {
            breaches++;
            Console.WriteLine($"{file}: {breach}");
        }
    Directory.Delete(workspace, recursive: true);
    return breaches == 0 ? 0 : 1;
}

// Breaches that differ in numbers or names alone are one finding.
static string Kind(string breach) =>
    breach.Contains(" at ", StringComparison.Ordinal) ? breach[breach.IndexOf(" at ", StringComparison.Ordinal)..] : breach.Split(' ')[0];
