using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
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
        var prompt = new Option<string>("--prompt") { Description = "Text to continue.", Required = true };
        var count = new Option<int>("--tokens") { Description = "Tokens to add.", DefaultValueFactory = _ => 100 };
        var temperature = new Option<double>("--temperature")
        {
            Description = "0 always takes the likeliest token.",
            DefaultValueFactory = _ => 0,
        };
        var seed = new Option<int>("--seed") { Description = "Seed of the sampling.", DefaultValueFactory = _ => 0 };
        var backendArguments = new BackendArguments();
        var command = new Command("generate", "Continue a prompt.") { model, prompt, count, temperature, seed };
        backendArguments.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        int wanted = parsed.GetValue(count);
                        if (wanted < 1)
                            throw new InvalidInputException($"--tokens {wanted}: at least 1 token is needed.");
                        double heat = parsed.GetValue(temperature);
                        if (!(double.IsFinite(heat) && heat >= 0))
                            throw new InvalidInputException(
                                $"--temperature {heat.ToString(CultureInfo.InvariantCulture)}: must be 0 or more."
                            );
                        using var checkpoint = Checkpoint.Open(parsed.GetRequiredValue(model));
                        var tokenizer = Tokenizer.Open(checkpoint.Path);
                        var decoder = DecoderModel.Load(checkpoint);
                        using var backend = backendArguments.Open(parsed, generates: true);
                        int[] ids = tokenizer.Encode(parsed.GetRequiredValue(prompt));
                        if (ids.Length == 0)
                            throw new InvalidInputException("--prompt: the prompt is empty and the model has no token that starts a text.");
                        Console.Write(parsed.GetRequiredValue(prompt));
                        var stream = tokenizer.CreateStream();
                        var clock = Stopwatch.StartNew();
                        TimeSpan first = default;
                        int made = 0;
                        try
                        {
                            foreach (
                                int id in Generation.Generate(decoder, backend, ids, wanted, heat, parsed.GetValue(seed), cancellation)
                            )
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
                        double seconds = (clock.Elapsed - first).TotalSeconds;
                        Console.Error.WriteLine(
                            string.Create(
                                CultureInfo.InvariantCulture,
                                $"{ids.Length} prompt tokens in {first.TotalSeconds:F2} s, {made} tokens, "
                                    + $"{(made > 1 ? (made - 1) / seconds : 0):F1} tokens/s"
                            )
                        );
                        return ExitCode.Success;
                    },
                    CancellationToken.None
                )
        );
        return command;
    }
}
