using System.CommandLine;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.SystemBlas;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Cli.Output;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon devices: what the program can compute on.</summary>
internal static class DevicesCommand
{
    public static Command Create()
    {
        var threads = BackendArguments.Threads();
        var command = new Command("devices", "List what the program can compute on.") { threads };
        command.SetAction(parsed =>
        {
            using var cpu = new CpuBackend(parsed.GetValue(threads));
            Console.WriteLine(cpu.Description);
            if (BlasLibrary.Find() is { } blas)
            {
                Console.WriteLine($"  --blas auto: {blas}");
                if (blas.Advice is { } advice)
                    Console.WriteLine($"  {advice}");
            }
            else
                Console.WriteLine($"  --blas auto: none of {string.Join(", ", BlasLibrary.UsualNames)} can be used.");
            foreach (string line in GpuDevice.Describe())
                Console.WriteLine(line);
            return ExitCode.Success;
        });
        return command;
    }
}
