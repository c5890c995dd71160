using SvdSurgeon.Benchmarks;

if (args.Contains("--quick"))
{
    QuickTable.Print([.. args.Where(a => a != "--quick")]);
    return;
}
