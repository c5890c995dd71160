using SvdSurgeon.Compare.Processes;

namespace SvdSurgeon.Compare.Measures;

/// <summary>The end-to-end job of our side: whitening, SVD, spectral Fisher and the surgeon for three ratios, no evaluation.</summary>
internal static class CompressRun
{
    /// <summary>The arguments that decide the work, for the report.</summary>
    public static string[] Options(Settings settings) =>
        [
            "--method",
            "whiten",
            "--surgeon",
            "update",
            "--ratio",
            .. Settings.Ratios,
            "--sequences",
            $"{settings.Sequences}",
            "--fisher-sequences",
            $"{settings.Sequences}",
        ];

    /// <summary>Runs svdsurgeon into a fresh folder that is deleted afterwards.</summary>
    public static ProcessCost Run(Comparison comparison, int threads)
    {
        string folder = comparison.NewFolder();
        try
        {
            return comparison.RunSvdsurgeon([
                "compress",
                comparison.Model,
                "--out",
                Path.Combine(folder, "out"),
                .. Options(comparison.Settings),
                "--calibration-tokens",
                comparison.CalibrationTokens,
                "--threads",
                $"{threads}",
                "--device",
                "cpu",
                "--json",
            ]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
