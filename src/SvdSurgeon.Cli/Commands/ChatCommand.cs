using System.CommandLine;
using SvdSurgeon.Chat;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Evaluation;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon chat: a conversation with a model that has a chat template.</summary>
internal static class ChatCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var system = new Option<string?>("--system") { Description = "Instructions before the conversation." };
        var count = new Option<int>("--tokens") { Description = "Most tokens of an answer.", DefaultValueFactory = _ => 512 };
        var sampling = new SamplingArguments();
        var backendArguments = new BackendArguments();
        var command = new Command("chat", "Talk with a model: a line is a message. /clear begins anew, /exit or the end of the input ends.")
        {
            model,
            system,
            count,
        };
        sampling.AddTo(command);
        backendArguments.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        int most = parsed.GetValue(count);
                        if (most < 1)
                            throw new InvalidInputException($"--tokens {most}: at least 1 token is needed.");
                        using var checkpoint = Checkpoint.Open(parsed.GetRequiredValue(model));
                        var tokenizer = Tokenizer.Open(checkpoint.Path);
                        InputWarnings.Print(checkpoint.Warnings.Concat(tokenizer.Warnings));
                        var config = GenerationConfig.Of(checkpoint, tokenizer);
                        var template = RequireTemplate(checkpoint, tokenizer);
                        using var backend = backendArguments.Open(parsed, generates: true);
                        using var session = new ChatSession(
                            DecoderModel.Load(checkpoint),
                            backend,
                            tokenizer,
                            template,
                            sampling.Read(parsed, config.Sampling),
                            sampling.Stops(parsed, config, tokenizer),
                            parsed.GetValue(system)
                        );
                        try
                        {
                            Converse(session, most, cancellation);
                        }
                        catch (NumericalException)
                        {
                            FiniteWeights.Require(checkpoint, cancellation);
                            throw;
                        }
                        return ExitCode.Success;
                    },
                    CancellationToken.None
                )
        );
        return command;
    }

    /// <summary>The model's chat template.</summary>
    /// <exception cref="InvalidInputException">It has none.</exception>
    public static ChatTemplate RequireTemplate(Checkpoint checkpoint, Tokenizer tokenizer) =>
        ChatTemplate.Of(checkpoint, tokenizer)
        ?? throw new InvalidInputException(
            $"{checkpoint.Path}: the model has no chat template, so it was not made for conversations. Use 'svdsurgeon generate --prompt "
                + $"TEXT'."
        );

    // Answers go to standard output, everything else to standard error, so that a script can read the answers alone.
    private static void Converse(ChatSession session, int most, CancellationToken cancellation)
    {
        bool interactive = !Console.IsInputRedirected;
        while (true)
        {
            if (interactive)
                Console.Error.Write("> ");
            string? line = Console.In.ReadLine();
            if (line is null or "/exit" || cancellation.IsCancellationRequested)
                return;
            if (line == "/clear")
                session.Clear();
            else if (line.Trim().Length > 0)
                Answer(session, line, most, interactive, cancellation);
        }
    }

    private static void Answer(ChatSession session, string line, int most, bool interactive, CancellationToken cancellation)
    {
        bool any = false;
        try
        {
            foreach (string piece in session.Reply(line, most, cancellation))
            {
                any |= piece.Length > 0;
                Console.Write(piece);
            }
        }
        catch (InvalidInputException e) when (interactive)
        {
            Console.Error.WriteLine(e.Message); // the person can say something else
            return;
        }
        Console.WriteLine();
        if (!any)
            Console.Error.WriteLine("(the model ended the text at once)");
    }
}
