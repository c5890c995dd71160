// dotnet run .ci/skips.cs RESULTS: compares the tests that were skipped, in the .trx files of a folder, with .ci/skips.txt.
// Prints every difference; the exit code is the number of them.
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Xml.Linq;

var table = File.ReadLines(Path.Combine(Here(), "skips.txt"))
    .Where(line => line.Length > 0 && line[0] != '#')
    .Select(line => line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
    .Select(fields => (Missing: fields[0], Count: fields[1], Reason: fields[2]))
    .ToList();
var skipped = Directory.EnumerateFiles(args[0], "*.trx", SearchOption.AllDirectories).SelectMany(Skipped).ToList();

int differences = 0;
foreach (var (test, reason) in skipped.Where(skip => !table.Exists(row => skip.Reason.Contains(row.Reason, StringComparison.Ordinal))))
    Differs($"{test} was skipped for a reason that .ci/skips.txt does not know: {reason}");
foreach (var (missing, expected, reason) in table)
{
    int count = skipped.Count(skip => skip.Reason.Contains(reason, StringComparison.Ordinal));
    if (count == 0 && expected == "*")
        continue;
    Console.WriteLine($"{count, 5} skipped: {reason}");
    if (IsHere(missing))
    {
        if (count > 0)
            Differs($"{count} tests were skipped for want of {missing}, which is here: {reason}");
    }
    else if (expected != "*" && count != int.Parse(expected))
        Differs($"{expected} tests were expected to be skipped, {count} were: {reason}");
}
return differences;

void Differs(string sentence)
{
    Console.WriteLine("SKIPPED OTHERWISE THAN EXPECTED: " + sentence);
    differences++;
}

static IEnumerable<(string Test, string Reason)> Skipped(string file) =>
    from result in XDocument.Load(file).Descendants()
    where result.Name.LocalName == "UnitTestResult" && (string?)result.Attribute("outcome") == "NotExecuted"
    select (
        (string)result.Attribute("testName")!,
        result.Descendants().FirstOrDefault(part => part.Name.LocalName == "Message")?.Value ?? "no reason given"
    );

// Looked for without asking the tests.
static bool IsHere(string need) =>
    need switch
    {
        "gpu" => File.Exists("/dev/nvidiactl") || File.Exists("/dev/dxg"),
        "shared" => Directory.Exists(Path.Combine(Here(), "..", "..", "shared", "golden")),
        "pytorch" => Succeeds("/usr/bin/python3", "-c", "import torch, numpy"),
        "ptxas" or "cc" => (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, need))),
        _ => false,
    };

static bool Succeeds(string program, params string[] arguments)
{
    if (!File.Exists(program))
        return false;
    using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
    process.StandardError.ReadToEnd();
    process.WaitForExit();
    return process.ExitCode == 0;
}

static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
