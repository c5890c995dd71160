using System.Globalization;
using System.Text.RegularExpressions;
using SvdSurgeon.Backends;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Shares;

namespace SvdSurgeon.Cli.Cluster;

/// <summary>One started process and the run that it belongs to, as the hidden option says it: RANK/SIZE FOLDER.</summary>
internal sealed partial record WorkerMembership(int Rank, int Size, string Folder)
{
    /// <summary>The option that the worker verb adds to the command line of the run.</summary>
    public const string Option = "--member";

    /// <summary>The option's value.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Rank}/{Size} {Folder}");

    /// <summary>Reads the option's value.</summary>
    public static WorkerMembership Read(string text)
    {
        string[] parts = text.Split(['/', ' '], 3);
        return new WorkerMembership(
            int.Parse(parts[0], CultureInfo.InvariantCulture),
            int.Parse(parts[1], CultureInfo.InvariantCulture),
            parts[2]
        );
    }

    /// <summary>Does the work with the others.</summary>
    /// <exception cref="InvalidInputException">This process would compute other bytes than the others.</exception>
    public T Run<T>(IBackend backend, Func<IWorkSharing, IProgress<StageProgress>, T> work)
    {
        var folder = new SharedFolder(Folder);
        var job = SharedJob.Read(Folder) ?? throw new OperationCanceledException($"{Folder}: the run was stopped.");
        using var membership = new Membership(folder, job, Rank, Size);
        try
        {
            if (Device(backend) != job.Device)
                throw new InvalidInputException(
                    $"{Environment.MachineName} computes on {Device(backend)}, the run on {job.Device}: the bytes would differ. Let the "
                        + $"launcher choose hosts of one kind."
                );
            var result = work(membership, new Reports(membership));
            membership.Finish();
            return result;
        }
        catch (Exception error)
        {
            membership.Fail(error);
            throw;
        }
    }

    /// <summary>What decides the bytes of a device's results: the number of threads does not.</summary>
    public static string Device(IBackend backend) => Threads().Replace(backend.Description, "");

    [GeneratedRegex("[0-9]+ threads?, ")]
    private static partial Regex Threads();

    private sealed class Reports(Membership membership) : IProgress<StageProgress>
    {
        public void Report(StageProgress value)
        {
            if (value.Stage != StageProgress.Warning)
                membership.Report($"{value.Stage} {value.Detail}".TrimEnd());
        }
    }
}
