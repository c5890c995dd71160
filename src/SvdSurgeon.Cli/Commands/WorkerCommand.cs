using System.CommandLine;
using SvdSurgeon.Cli.Cluster;
using SvdSurgeon.Pipeline.Shares;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon worker: one of the processes that --launcher starts.</summary>
internal static class WorkerCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("folder") { Description = $"Folder '{SharedFolder.Name}' of the run's work folder." };
        var rank = new Option<int?>("--rank")
        {
            Description = "Which worker this is, from 0. Default: what srun, mpirun or Kubernetes say.",
        };
        var size = new Option<int?>("--size") { Description = "How many workers there are. Default: as for --rank." };
        var command = new Command("worker", "Do a share of a run that was started with --launcher; the launcher starts it.")
        {
            path,
            rank,
            size,
        };
        command.SetAction(
            async (parsed, _) =>
            {
                string folder = Path.GetFullPath(parsed.GetRequiredValue(path));
                var (number, of) = WorkerRank.Find(parsed.GetValue(rank), parsed.GetValue(size), Environment.GetEnvironmentVariable);
                var job = Job(folder, number, of);
                Directory.SetCurrentDirectory(job.Directory);
                // What is printed at the end is the coordinator's to print.
                Console.SetOut(TextWriter.Null);
                return await Program
                    .Main([.. job.Arguments, WorkerMembership.Option, new WorkerMembership(number, of, folder).ToString()])
                    .ConfigureAwait(false);
            }
        );
        return command;
    }

    private static SharedJob Job(string folder, int rank, int size)
    {
        string here = $"rank {rank} of {size} on {Environment.MachineName}";
        var job =
            SharedJob.Read(folder)
            ?? throw new InvalidInputException(
                $"{here}: there is no run in {folder}. The folder must be on a file system that this host shares with the one where "
                    + $"svdsurgeon was started, under the same path."
            );
        if (job.Program != SharedJob.ThisProgram)
            throw new InvalidInputException(
                $"{here}: this is version {SharedJob.ThisProgram}, the run was started by {job.Program}. Install the same program on all "
                    + $"hosts."
            );
        if (!Directory.Exists(job.Directory))
            throw new InvalidInputException($"{here}: there is no folder {job.Directory}, where the run was started.");
        return job;
    }
}
