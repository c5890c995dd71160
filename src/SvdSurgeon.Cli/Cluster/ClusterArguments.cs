using System.CommandLine;
using SvdSurgeon.Cli.Output;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Shares;

namespace SvdSurgeon.Cli.Cluster;

/// <summary>--launcher: the verb's work is done by several processes, on one host or many.</summary>
internal sealed class ClusterArguments
{
    private readonly Option<string?> _launcher = new("--launcher")
    {
        Description =
            "Command that starts copies of a program, such as \"srun --ntasks 8\" or \"mpirun -np 4\": they share the work, to the same "
            + "bytes. All must see the work folder.",
    };
    private readonly Option<int> _lease = new("--lease")
    {
        Description = "With --launcher: seconds without a sign of life after which a worker's share is taken by others.",
        DefaultValueFactory = _ => 30,
    };
    private readonly Option<string?> _member = new(WorkerMembership.Option) { Hidden = true };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_launcher, _lease, _member])
            command.Add(option);
    }

    /// <summary>Whether this process is one of those that were started: what it makes is in the work folder; it prints nothing.</summary>
    public bool IsMember(ParseResult parsed) => parsed.GetValue(_member) is not null;

    /// <summary>Refuses --launcher beside something that it cannot do.</summary>
    /// <exception cref="InvalidInputException">It is given.</exception>
    public void RequireNone(ParseResult parsed, string beside)
    {
        if (parsed.GetValue(_launcher) is not null)
            throw new InvalidInputException($"--launcher and {beside} exclude each other. Leave out one of the two.");
    }

    /// <summary>Runs the verb's work: here, by workers and then here with what they have made, or as one of the workers.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="quiet">Whether progress stays silent.</param>
    /// <param name="setting">What it works on.</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellation">Stops the workers too.</param>
    public T Run<T>(
        ParseResult parsed,
        bool quiet,
        ClusterSetting setting,
        Func<IWorkSharing, IProgress<StageProgress>, T> work,
        CancellationToken cancellation
    )
    {
        if (parsed.GetValue(_member) is { } member)
            return WorkerMembership.Read(member).Run(setting.Backend, work);
        if (parsed.GetValue(_launcher) is not { } launcher)
            return ProgressView.Run(quiet, progress => work(new Alone(), progress));
        int lease = parsed.GetValue(_lease);
        if (lease < 1)
            throw new InvalidInputException($"--lease {lease}: give a number of seconds from 1 on.");
        var folder = new SharedFolder(Path.Combine(Path.GetFullPath(setting.Work.Path), SharedFolder.Name));
        IReadOnlyList<string> before;
        using (setting.Claim?.Invoke())
        using (setting.Work.Claim())
        {
            before = SharedJob.Read(folder.Path)?.Before ?? Artifacts(setting.Work.Path);
            var job = new SharedJob
            {
                Epoch = "",
                Arguments = Forwarded(parsed),
                Directory = Environment.CurrentDirectory,
                ModelHash = Pipeline.Artifacts.ModelHash.Of(setting.Model, cancellation),
                Device = WorkerMembership.Device(setting.Backend),
                LeaseSeconds = lease,
                Before = before,
            };
            var coordinator = new Coordinator(folder, job, Launcher.Parse(launcher));
            ProgressView.Run(
                quiet,
                progress =>
                {
                    coordinator.Run(progress, cancellation);
                    return true;
                }
            );
        }
        // All that was expensive is there: this process finds it and does what only one may do.
        var result = ProgressView.Run(quiet, progress => work(new Alone(before.ToHashSet(StringComparer.Ordinal)), progress));
        foreach (string served in folder.States().SelectMany(state => state.Discarded).Distinct().Except(before))
            if (Path.Combine(setting.Work.Path, served) is var artifact && Directory.Exists(artifact))
                Directory.Delete(artifact, recursive: true);
        Directory.Delete(folder.Path, recursive: true);
        return result;
    }

    private static IReadOnlyList<string> Artifacts(string work) =>
        [.. Directory.EnumerateDirectories(work).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    // The command line as the workers get it: without what is the coordinator's.
    private List<string> Forwarded(ParseResult parsed)
    {
        var arguments = new List<string>();
        bool skip = false;
        foreach (string token in parsed.Tokens.Select(token => token.Value))
        {
            if (skip)
                skip = false;
            else if (token == _launcher.Name || token == _lease.Name)
                skip = true;
            else
                arguments.Add(token);
        }
        return arguments;
    }
}
