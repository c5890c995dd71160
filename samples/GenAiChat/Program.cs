// Talks to a model that was exported with --format onnx: dotnet run --project samples/GenAiChat FOLDER [TOKENS]
using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML.OnnxRuntimeGenAI;

int count = args.Length > 1 ? int.Parse(args[1]) : 256;
using var model = new Model(args[0]);
using var tokenizer = new Tokenizer(model);
using var stream = tokenizer.CreateStream();
using var parameters = new GeneratorParams(model);
using var generator = new Generator(model, parameters);

// Models that were trained to talk have a template; others continue the text.
bool talks = File.ReadAllText(Path.Combine(args[0], "tokenizer_config.json")).Contains("chat_template");
while (Prompt() is { Length: > 0 } text)
{
    string said = JsonSerializer.Serialize(new[] { new { role = "user", content = text } });
    using var ids = tokenizer.Encode(talks ? tokenizer.ApplyChatTemplate(null, said, null, true) : text);
    generator.AppendTokenSequences(ids);
    var clock = Stopwatch.StartNew();
    int made = 0;
    for (; made < count && !generator.IsDone(); made++)
    {
        generator.GenerateNextToken();
        Console.Write(stream.Decode(generator.GetSequence(0)[^1]));
    }
    Console.WriteLine();
    Console.Error.WriteLine($"{made / clock.Elapsed.TotalSeconds:F1} tokens/s");
}

static string? Prompt()
{
    Console.Write("> ");
    return Console.ReadLine();
}
