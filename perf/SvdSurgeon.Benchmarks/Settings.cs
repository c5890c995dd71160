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
}

/// <summary>Few iterations in this process: the numbers are ratios on one machine, not absolutes. OpenBLAS rows only where it is installed.</summary>
public sealed class Settings : ManualConfig
{
    public Settings()
    {
        AddJob(Job.ShortRun.WithToolchain(new InProcessEmitToolchain(TimeSpan.FromMinutes(10), logOutput: true)));
        AddColumn(new RateColumn());
        AddFilter(new NameFilter(name => SystemBlas.IsAvailable || !name.Contains("OpenBlas")));
    }

    private sealed class RateColumn : IColumn
    {
        public string Id => nameof(RateColumn);
        public string ColumnName => "GFLOP/s";
        public string Legend => "Operations over the mean time";
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
            return nanoseconds is null || work is null ? "" : $"{work.Operations / nanoseconds.Value:F1}";
        }
    }
}
