using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using SvdSurgeon.Chat;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon generate: continues a prompt, with a key-value cache.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var prompt = new FreeTextOption("--prompt") { Description = "Text to continue.", Required = true };
        var count = new Option<int>("--tokens") { Description = "Tokens to add.", DefaultValueFactory = _ => 100 };
        var chat = new Option<bool>("--chat") { Description = "The prompt is a message: the model answers it by its chat template." };
        var system = new Option<string?>("--system") { Description = "Instructions before the message (--chat)." };
        var sampling = new SamplingArguments();
        var backendArguments = new BackendArguments();
        var command = new Command("generate", "Continue a prompt.") { model, prompt, chat, system, count };
        sampling.AddTo(command);
        backendArguments.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        int wanted = parsed.GetValue(count);
                        if (wanted < 1)
                            throw new InvalidInputException($"--tokens {wanted}: at least 1 token is needed.");
                        using var checkpoint = Checkpoint.Open(parsed.GetRequiredValue(model));
                        var tokenizer = Tokenizer.Open(checkpoint.Path);
                        var config = GenerationConfig.Of(checkpoint, tokenizer);
                        bool isChat = parsed.GetValue(chat);
                        if (!isChat && parsed.GetValue(system) is not null)
                            throw new InvalidInputException("--system belongs to --chat: put the text into --prompt, or add --chat.");
                        // A text is continued by its likeliest tokens unless asked otherwise; a conversation goes as the model's makers
                        // say.
                        var options = sampling.Read(parsed, isChat ? config.Sampling : new SamplingOptions());
                        var stops = sampling.Stops(parsed, config, tokenizer);
                        string text = parsed.GetRequiredValue(prompt)!;
                        int[] ids = isChat ? Message(checkpoint, tokenizer, parsed.GetValue(system), text) : tokenizer.Encode(text);
                        if (ids.Length == 0)
                            throw new InvalidInputException("--prompt: the prompt is empty and the model has no token that starts a text.");
                        var decoder = DecoderModel.Load(checkpoint);
                        InputWarnings.Print(checkpoint.Warnings.Concat(tokenizer.Warnings));
                        using var backend = backendArguments.Open(parsed, generates: true);
                        if (!isChat)
                            Console.Write(text);
                        var stream = tokenizer.CreateStream();
                        // SentencePiece drops the space that begins a text: what follows the prompt is not the beginning.
                        if (!isChat)
                            foreach (int id in ids)
                                stream.Add(id);
                        var clock = Stopwatch.StartNew();
                        TimeSpan first = default;
                        int made = 0;
                        try
                        {
                            foreach (int id in Generation.Generate(decoder, backend, ids, wanted, options, stops, cancellation))
                            {
                                if (made++ == 0)
                                    first = clock.Elapsed;
                                Console.Write(stream.Add(id));
                            }
                        }
                        catch (NumericalException)
                        {
                            FiniteWeights.Require(checkpoint, cancellation);
                            throw;
                        }
                        Console.WriteLine(stream.Finish());
                        if (made == 0)
                            Console.Error.WriteLine("The model ended the text at once.");
                        else
                            Console.Error.WriteLine(Speed(ids.Length, first, made, clock.Elapsed - first));
                        return ExitCode.Success;
                    },
                    CancellationToken.None
                )
        );
        return command;
    }

    private static int[] Message(Checkpoint checkpoint, Tokenizer tokenizer, string? system, string text)
    {
        var messages = new List<ChatMessage>();
        if (system is not null)
            messages.Add(new ChatMessage(ChatMessage.System, system));
        messages.Add(new ChatMessage(ChatMessage.User, text));
        return ChatCommand.RequireTemplate(checkpoint, tokenizer).Encode(messages);
    }

    // The first token comes with the prompt; the speed is that of the others.
    private static string Speed(int prompt, TimeSpan first, int made, TimeSpan rest) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{prompt} prompt tokens in {first.TotalSeconds:F2} s, {made} "
                + $"tokens{(made > 1 ? $", {(made - 1) / rest.TotalSeconds:F1} tokens/s" : "")}"
        );
}
