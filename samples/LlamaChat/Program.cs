// A chat with a compressed model in llama.cpp:
//   svdsurgeon export MODEL --format gguf --type q8_0 --out model.gguf
//   dotnet run --project samples/LlamaChat model.gguf
// A model without a chat template continues what is typed.
using LLama;
using LLama.Common;
using LLama.Native;
using LLama.Transformers;

NativeLogConfig.llama_log_set((_, _) => { });
var parameters = new ModelParams(args[0]) { ContextSize = 512, GpuLayerCount = 0 };
using var weights = LLamaWeights.LoadFromFile(parameters);
var inference = new InferenceParams { MaxTokens = 128 };

if (!weights.Metadata.ContainsKey("tokenizer.chat_template"))
{
    var executor = new StatelessExecutor(weights, parameters);
    for (string? start; (start = Ask()) is not null; )
        await foreach (string text in executor.InferAsync(start, inference))
            Console.Write(text);
    return;
}

using var context = weights.CreateContext(parameters);
var session = new ChatSession(new InteractiveExecutor(context)).WithHistoryTransform(
    new PromptTemplateTransformer(weights, withAssistant: true)
);
for (string? question; (question = Ask()) is not null; )
    await foreach (string text in session.ChatAsync(new ChatHistory.Message(AuthorRole.User, question), inference))
        Console.Write(text);

static string? Ask()
{
    Console.Write("\n> ");
    return Console.ReadLine();
}
