using System.Runtime.InteropServices;
using SvdSurgeon.Backends.Blas;
using SvdSurgeon.Compare.Tables;

namespace SvdSurgeon.Compare.Machine;

/// <summary>What the numbers were measured on, with the limits that they are to be held against.</summary>
/// <param name="MultiplyAddOne">GFLOP/s float32 of one core.</param>
/// <param name="MultiplyAddAll">Of all cores.</param>
/// <param name="ReadOne">GB/s of one core.</param>
/// <param name="ReadAll">Of all cores.</param>
internal sealed record MachineDescription(double MultiplyAddOne, double MultiplyAddAll, double ReadOne, double ReadAll)
{
    /// <summary>Measures peaks; a few seconds.</summary>
    public static MachineDescription Measure()
    {
        int cores = Environment.ProcessorCount;
        return new(MultiplyAddPeak.Measure(1), MultiplyAddPeak.Measure(cores), MemoryBandwidth.Measure(1), MemoryBandwidth.Measure(cores));
    }

    /// <summary>GB/s that so many threads can read.</summary>
    public double ReadBandwidth(int threads) => threads > 1 ? ReadAll : ReadOne;

    /// <summary>Table of the machine and the versions in use.</summary>
    public IEnumerable<string> Lines(Peer peer)
    {
        var table = new Table("machine", "");
        table.Add(
            "processor",
            $"{Processor()}, {Environment.ProcessorCount} cores visible, {RuntimeInformation.ProcessArchitecture}, products use "
                + $"{InstructionSets.Active}"
        );
        table.Add(
            "fused multiply-add peak, float32, measured",
            $"one core {ComparisonTable.Number(MultiplyAddOne)} GFLOP/s, all cores {ComparisonTable.Number(MultiplyAddAll)}"
        );
        table.Add(
            "memory read bandwidth, measured",
            $"one core {ComparisonTable.Number(ReadOne)} GB/s, all cores {ComparisonTable.Number(ReadAll)}"
        );
        table.Add("memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20:N0} MiB");
        table.Add("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}");
        table.Add("peer", peer.Description);
        return table.Lines();
    }

    private static string Processor()
    {
        const string Info = "/proc/cpuinfo";
        if (!File.Exists(Info))
            return RuntimeInformation.OSArchitecture.ToString();
        var fields = File.ReadLines(Info)
            .TakeWhile(line => line.Length > 0)
            .Select(line => line.Split(':', 2))
            .Where(parts => parts.Length == 2)
            .GroupBy(parts => parts[0].Trim())
            .ToDictionary(group => group.Key, group => group.First()[1].Trim());
        string Field(string name) => fields.GetValueOrDefault(name, "unknown");
        return $"{Field("model name")} (family {Field("cpu family")}, model {Field("model")})";
    }
}
