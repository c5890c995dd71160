using System.Diagnostics;
using System.Globalization;
using ILGPU.Runtime.Cuda;

namespace SvdSurgeon.Cuda.Benchmarks;

/// <summary>Times work on the device by events and prints it beside the device's peaks.</summary>
internal sealed class Measurement
{
    private readonly CudaBackend _backend;
    private readonly bool _quick;
    private readonly double _bandwidth;
    private readonly double _arithmetic;

    public Measurement(CudaBackend backend, bool quick)
    {
        (_backend, _quick) = (backend, quick);
        if (backend.Accelerator is CudaAccelerator cuda)
        {
            // Double data rate; float32 lanes a multiprocessor by generation.
            _bandwidth = 2.0 * cuda.MemoryClockRate * 1e3 * cuda.MemoryBusWidth / 8;
            int lanes = cuda.Architecture.Major is 7 || (cuda.Architecture.Major == 8 && cuda.Architecture.Minor == 0) ? 64 : 128;
            _arithmetic = 2.0 * lanes * cuda.NumMultiprocessors * cuda.ClockRate * 1e3;
        }
        Console.WriteLine(backend.Description);
        Console.WriteLine(
            Text($"peak by the driver's clocks: {_bandwidth / 1e9:F0} GB/s, {_arithmetic / 1e12:F1} TFLOP/s float32 without tensor cores")
        );
        Console.WriteLine();
        Console.WriteLine("| what | shape | ms | GB/s | of peak | TFLOP/s | of float32 peak |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
    }

    /// <summary>Runs the action three times, then until half a second has passed, and prints the mean. Returns seconds.</summary>
    public double Run(string name, string shape, double bytes, double flops, Action action)
    {
        for (int i = 0; i < (_quick ? 1 : 3); i++)
            action();
        _backend.Synchronize();
        var clock = Stopwatch.StartNew();
        action();
        _backend.Synchronize();
        int count = _quick ? 1 : (int)Math.Clamp(0.5 / clock.Elapsed.TotalSeconds, 3, 1000);
        using var start = _backend.Stream.AddProfilingMarker();
        for (int i = 0; i < count; i++)
            action();
        using var end = _backend.Stream.AddProfilingMarker();
        end.Synchronize();
        double seconds = end.MeasureFrom(start).TotalSeconds / count;
        if (_quick)
            // Times of a simulator say nothing and are not printed, lest somebody quote them.
            Console.WriteLine($"| {name} | {shape} | ran | | | | |");
        else
            Console.WriteLine(
                string.Join(
                    " | ",
                    Text($"| {name} | {shape} | {seconds * 1e3:F4} | {bytes / seconds / 1e9:F0}"),
                    Percent(bytes / seconds, _bandwidth),
                    Text($"{flops / seconds / 1e12:F2}"),
                    Text($"{Percent(flops / seconds, _arithmetic)} |")
                )
            );
        return seconds;
    }

    private static string Percent(double value, double peak) => peak > 0 && value > 0 ? Text($"{100 * value / peak:F0} %") : "";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
