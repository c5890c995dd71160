using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Filters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace SvdSurgeon.Benchmarks;

/// <summary>Size of one benchmark, with the operations it takes.</summary>
public interface IWork
{
    /// <summary>Floating-point operations of one call.</summary>
    double Operations { get; }

    /// <summary>Bytes that one call has to read and write; 0 where arithmetic alone counts.</summary>
    double Bytes => 0;
}

/// <summary>
/// Few iterations in this process: the numbers are ratios on one machine, not absolutes. OpenBLAS rows only where it is installed.
/// </summary>
public sealed class Settings : ManualConfig
{
    public Settings()
    {
        AddJob(Job.ShortRun.WithToolchain(new InProcessEmitToolchain(TimeSpan.FromMinutes(10), logOutput: true)));
        AddColumn(new RateColumn("GFLOP/s", "Operations over the mean time", work => work.Operations));
        AddColumn(new RateColumn("GB/s", "Bytes over the mean time", work => work.Bytes));
        AddFilter(new NameFilter(name => SystemBlas.IsAvailable || !name.Contains("OpenBlas")));
    }

    private sealed class RateColumn(string name, string legend, Func<IWork, double> amount) : IColumn
    {
        public string Id => name;
        public string ColumnName => name;
        public string Legend => legend;
        public bool AlwaysShow => true;
        public ColumnCategory Category => ColumnCategory.Custom;
        public int PriorityInCategory => 0;
        public bool IsNumeric => true;
        public UnitType UnitType => UnitType.Dimensionless;

        public bool IsAvailable(Summary summary) => true;

        public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
        {
            double? nanoseconds = summary[benchmarkCase]?.ResultStatistics?.Mean;
            var work = benchmarkCase.Parameters.Items.Select(p => p.Value).OfType<IWork>().FirstOrDefault();
            return nanoseconds is null || work is null || amount(work) == 0 ? "" : $"{amount(work) / nanoseconds.Value:F1}";
        }
    }
}
