using BenchmarkDotNet.Running;
using SvdSurgeon.Benchmarks;

// --quick: a plain table in about two minutes; otherwise BenchmarkDotNet with its own options, such as --filter '*Svd*'.
if (args.Contains("--quick"))
    QuickTable.Print(args);
else
    BenchmarkSwitcher.FromAssembly(typeof(QuickTable).Assembly).Run(args);
