using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.Backends;

/// <summary>
/// What computes: the processor's cores, or a device of a package beside this one. It may be used by one run after another, by one at a
/// time.
/// </summary>
public sealed class ComputeDevice : IDisposable
{
    internal ComputeDevice(IBackend backend) => Backend = backend;

    internal IBackend Backend { get; }

    /// <summary>What it is, in words.</summary>
    public string Description => Backend.Description;

    /// <summary>The processor.</summary>
    /// <param name="threads">How many threads compute; 0 for one per core. Results do not depend on it.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is negative.</exception>
    public static ComputeDevice Cpu(int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        return new ComputeDevice(new CpuBackend(threads));
    }

    /// <summary>Ends its threads and frees its memory.</summary>
    public void Dispose() => Backend.Dispose();

    /// <summary>Computes away from the caller's thread.</summary>
    /// <param name="device">The caller's device, which stays open; null for the processor.</param>
    /// <param name="compute">What to compute.</param>
    /// <param name="cancellationToken">Ends it before it begins; later <paramref name="compute"/> asks it.</param>
    internal static Task<T> RunAsync<T>(ComputeDevice? device, Func<IBackend, T> compute, CancellationToken cancellationToken) =>
        Task.Run(
            () =>
            {
                if (device is not null)
                    return compute(device.Backend);
                using var cpu = Cpu();
                return compute(cpu.Backend);
            },
            cancellationToken
        );
}
