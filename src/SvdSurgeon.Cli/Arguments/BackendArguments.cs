using System.CommandLine;
using SvdSurgeon.Backends;
using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.Backends.SystemBlas;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>--device, --threads and --blas: what a verb computes on.</summary>
internal sealed class BackendArguments
{
    private readonly Option<string> _device = new("--device")
    {
        Description = "auto, cpu, cuda[:n][+tf32|+bf16], or simulator: the GPU's kernels on the processor, for looking and not for work.",
        DefaultValueFactory = _ => "auto",
    };
    private readonly Option<int> _threads = Threads();
    private readonly Option<string> _blas = new("--blas")
    {
        Description =
            "managed: the program's own products and decompositions, the same bytes on every machine of one instruction set. auto: an "
            + "OpenBLAS or MKL of the system where there is one. Or the file of one.",
        DefaultValueFactory = _ => "managed",
    };

    public static Option<int> Threads() =>
        new("--threads") { Description = "CPU threads; 0 for one a processor.", DefaultValueFactory = _ => 0 };

    public void AddTo(Command command)
    {
        command.Add(_threads);
        AddWithoutThreadsTo(command);
    }

    /// <summary>--blas and --device alone, for a verb that takes several numbers of threads.</summary>
    public void AddWithoutThreadsTo(Command command)
    {
        command.Add(_blas);
        command.Add(_device);
    }

    /// <summary>The backend that was asked for. Nothing falls back in silence.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="generates">The verb makes text: the processor multiplies with quantized weights in integers.</param>
    public IBackend Open(ParseResult parsed, bool generates = false) => Open(parsed, [parsed.GetValue(_threads)], generates).Single();

    /// <summary>The same with each number of threads on the processor, one after the other; a GPU once.</summary>
    public IEnumerable<IBackend> Open(ParseResult parsed, int[] threads, bool generates)
    {
        string device = parsed.GetRequiredValue(_device),
            blas = parsed.GetRequiredValue(_blas);
        if (device == "auto" && blas == "managed" && GpuDevice.OpenIfUsable() is { } found)
        {
            Console.Error.WriteLine($"Computing on {found.Description}; --device cpu computes on the processor.");
            return [found];
        }
        if (GpuDevice.Open(device) is { } gpu)
        {
            if (blas == "managed")
                return [gpu];
            gpu.Dispose();
            throw new InvalidInputException(
                $"--blas {blas}: it serves the processor, and --device {device} computes elsewhere. Add --device cpu or leave --blas out."
            );
        }
        if (device is not ("auto" or "cpu"))
            throw new InvalidInputException($"--device {device}: unknown device. Use auto, cpu, cuda[:n] or simulator.");
        var library = ChooseBlas(blas);
        return threads.Select(count => new CpuBackend(count, library, integerProducts: generates));
    }

    private static BlasLibrary? ChooseBlas(string choice)
    {
        var library = BlasLibrary.Choose(choice);
        if (choice == "auto")
            Console.Error.WriteLine(
                library is null
                    ? $"--blas auto: none of {string.Join(", ", BlasLibrary.UsualNames)} can be used; computing with the program's own "
                        + $"products."
                    : $"--blas auto: computing with {library}"
            );
        if (library?.Advice is { } advice)
            Console.Error.WriteLine($"{library.Name}: {advice}");
        return library;
    }
}
