// Tokens per second of models in this program, llama.cpp and ONNX Runtime GenAI, a process each time, alternating:
//   dotnet run -c Release --project perf/SvdSurgeon.Runtimes -- --threads 2 --repeats 3 --tokens 100 LABEL=here|llama.cpp|genai:PATH …
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SvdSurgeon.Runtimes;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int threads = Number("--threads", 2),
    repeats = Number("--repeats", 3),
    tokens = Number("--tokens", 100);
if (args[0] == "one")
{
    Console.WriteLine(JsonSerializer.Serialize(Measured.Run(args[1], args[2], threads, tokens)));
    return;
}

var rows = args.Where(arg => arg.Contains('=') && arg.Contains(':')).Select(Row.Parse).ToList();
for (int repeat = 0; repeat < repeats; repeat++)
    foreach (var row in rows)
        row.Runs.Add(InAProcess(row));
Console.WriteLine($"{threads} threads, {tokens} tokens after a prompt of 18, medians of {repeats} processes in turn (least – most)\n");
Console.WriteLine("| | MiB | to the first token, s | tokens/s | per processor second | peak memory, MiB |");
Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: |");
foreach (var row in rows)
    Console.WriteLine(row);

int Number(string option, int otherwise) => Array.IndexOf(args, option) is >= 0 and var at ? int.Parse(args[at + 1]) : otherwise;

Measured InAProcess(Row row)
{
    string[] command = ["one", row.Runtime, row.Path, "--threads", $"{threads}", "--tokens", $"{tokens}"];
    var start = new ProcessStartInfo(Environment.ProcessPath!, command) { RedirectStandardOutput = true };
    using var process = Process.Start(start)!;
    string output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return process.ExitCode == 0
        ? JsonSerializer.Deserialize<Measured>(output)!
        : throw new InvalidOperationException($"{row.Runtime} {row.Path} ended with {process.ExitCode}.");
}
