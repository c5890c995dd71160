using System.Globalization;

namespace SvdSurgeon.Cli.Cluster;

/// <summary>Which of several processes this is, as what started it says in the environment.</summary>
internal static class WorkerRank
{
    private static readonly (string Rank, string Size)[] Known =
    [
        ("SLURM_PROCID", "SLURM_NTASKS"),
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
        ("PMI_RANK", "PMI_SIZE"),
        ("JOB_COMPLETION_INDEX", "SVDSURGEON_WORKERS"),
    ];

    /// <summary>Rank, from 0, and number of processes.</summary>
    /// <param name="rank">What the command line says; null where it says nothing.</param>
    /// <param name="size">The same for the number.</param>
    /// <param name="variable">The environment.</param>
    /// <exception cref="InvalidInputException">Nothing says it, or it is no rank.</exception>
    public static (int Rank, int Size) Find(int? rank, int? size, Func<string, string?> variable)
    {
        if (rank is not null && size is not null)
            return Checked(rank.Value, size.Value, "--rank and --size");
        if (rank is not null || size is not null)
            throw new InvalidInputException("--rank and --size: give both, or neither under srun, mpirun or Kubernetes.");
        // mpirun within an allocation of Slurm: the inner one counts.
        foreach (var (rankName, sizeName) in Known.OrderByDescending(known => known.Rank.StartsWith("OMPI", StringComparison.Ordinal)))
            if (Number(variable(rankName)) is { } r && Number(variable(sizeName)) is { } n)
                return Checked(r, n, $"{rankName} and {sizeName}");
        throw new InvalidInputException(
            $"worker: nothing says which one this is. Start it by srun or mpirun, set {Known[^1].Rank} and {Known[^1].Size}, or give "
                + $"--rank and --size."
        );
    }

    private static (int Rank, int Size) Checked(int rank, int size, string source) =>
        size >= 1 && rank >= 0 && rank < size
            ? (rank, size)
            : throw new InvalidInputException($"{source}: rank {rank} of {size} is none. Ranks count from 0.");

    private static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
