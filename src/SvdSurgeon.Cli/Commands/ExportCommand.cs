using System.CommandLine;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Export;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon export: writes a model in a format that other programs load.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var output = new Option<string>("--out") { Description = "The file or folder to make; nothing is written over.", Required = true };
        var threads = BackendArguments.Threads();
        var json = CommonOptions.Json();
        var arguments = new ExportArguments(required: true);
        var command = new Command(
            "export",
            "Write a model, dense or compressed, for other programs: llama.cpp and its kin, ONNX Runtime, transformers."
        )
        {
            model,
        };
        arguments.AddTo(command);
        foreach (Option option in (Option[])[output, threads, json])
            command.Add(option);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        var (format, options) = arguments.Read(parsed)!.Value;
                        using var backend = new CpuBackend(parsed.GetValue(threads));
                        options = options with { Threads = backend.Threads };
                        var result = Exporter.Run(
                            parsed.GetRequiredValue(model),
                            format,
                            options,
                            parsed.GetRequiredValue(output),
                            backend,
                            cancellation
                        );
                        InputWarnings.Print(result.Warnings);
                        if (parsed.GetValue(json))
                            JsonOutput.Write(ExportView.ToJson(result));
                        else
                            ExportView.Print(result);
                        return ExitCode.Success;
                    },
                    CancellationToken.None
                )
        );
        return command;
    }
}
