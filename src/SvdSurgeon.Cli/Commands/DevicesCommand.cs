using System.CommandLine;
using SvdSurgeon.Cli.Output;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon devices: what the program can compute on.</summary>
internal static class DevicesCommand
{
    public static Command Create()
    {
        var threads = CommonOptions.Threads();
        var command = new Command("devices", "List what the program can compute on.") { threads };
        command.SetAction(parsed =>
        {
            using var cpu = CommonOptions.OpenBackend("cpu", parsed.GetValue(threads));
            Console.WriteLine(cpu.Description);
#if GPU
            foreach (string line in GpuDevice.Describe()) Console.WriteLine(line);
#else
            Console.WriteLine("cuda: this build has no CUDA part; docs/GPU.md says how to build one.");
#endif
            return ExitCode.Success;
        });
        return command;
    }
}
