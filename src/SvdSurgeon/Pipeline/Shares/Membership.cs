using System.Diagnostics;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Shares;

/// <summary>
/// One worker among several: it makes the pieces that nobody has claimed and waits for the others'. Each worker runs the whole recipe, so
/// that no loop needs a protocol of its own; which of them makes a piece decides nothing.
/// </summary>
internal sealed class Membership : IWorkSharing, IDisposable
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(20),
        LongestWait = TimeSpan.FromMilliseconds(500);

    private readonly SharedFolder _folder;
    private readonly SharedJob _job;
    private readonly Claims _claims;
    private readonly Timer _heart;
    private readonly Lock _lock = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly HashSet<string> _discarded = new(StringComparer.Ordinal);
    private MemberState _state;
    private volatile bool _abandoned;

    /// <summary>Joins.</summary>
    /// <param name="folder">The shared folder.</param>
    /// <param name="job">What it says.</param>
    /// <param name="rank">Which worker this is, from 0.</param>
    /// <param name="size">How many there are.</param>
    public Membership(SharedFolder folder, SharedJob job, int rank, int size)
    {
        (_folder, _job) = (folder, job);
        _state = new MemberState(rank, size, Environment.MachineName, Environment.ProcessId, Guid.NewGuid().ToString("N"));
        AtomicFile.Writer = $".{rank}-{_state.Id}";
        var lease = TimeSpan.FromSeconds(job.LeaseSeconds);
        _claims = new Claims(folder.Claims(job.Epoch), Heartbeats.Owner(_state), new Heartbeats(folder.Members, lease));
        _state.Write(folder.Members);
        var beat = lease / 5;
        _heart = new Timer(_ => Beat(), null, beat, beat);
    }

    public bool WithOthers => true;

    public IReadOnlySet<string>? Before => _job.Before.ToHashSet(StringComparer.Ordinal);

    /// <summary>Says where the work stands.</summary>
    public void Report(string stage)
    {
        lock (_lock)
            _state = _state with { Stage = stage };
    }

    public void Use(string artifact) => _discarded.Remove(artifact);

    public void Discard(string artifact) => _discarded.Add(artifact);

    public void RequireModel(string path, string hash)
    {
        if (hash != _job.ModelHash)
            throw new InvalidInputException(
                $"{path} on {_state.Host}: these are other weights (SHA-256 {hash}) than the run's ({_job.ModelHash}). Give this worker "
                    + $"the same model."
            );
    }

    public void Run(IReadOnlyList<Piece> pieces, int atOnce = 1, Action<IReadOnlyList<Piece>>? together = null)
    {
        var open = pieces.Where(piece => !piece.IsDone()).ToList();
        int most = Math.Clamp((open.Count + _state.Size - 1) / _state.Size, 1, Math.Max(1, atOnce));
        for (var wait = ShortestWait; open.Count > 0; )
        {
            RequireGoingOn();
            var mine = new List<Piece>();
            foreach (var piece in open)
                if (mine.Count < most && !piece.IsDone() && _claims.Take(piece.Key) && !piece.IsDone())
                    mine.Add(piece);
            if (mine.Count > 0)
                Make(mine, together);
            open.RemoveAll(piece => piece.IsDone());
            if (mine.Count > 0 || open.Count == 0)
            {
                wait = ShortestWait;
                continue;
            }
            long start = Stopwatch.GetTimestamp();
            Thread.Sleep(wait);
            wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
            Add(waiting: Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }

    /// <summary>Says that the recipe is done.</summary>
    public void Finish() => End(_state with { Phase = MemberPhase.Finished, Discarded = [.. _discarded.Order(StringComparer.Ordinal)] });

    /// <summary>Says why this worker gives up. Where every other would come to the same, all of them stop.</summary>
    public void Fail(Exception error)
    {
        if (error is InvalidInputException or InvalidModelException or NumericalException)
            _folder.WriteFailure(_job.Epoch, _state, error);
        End(_state with { Phase = MemberPhase.Failed, Error = error.Message });
    }

    public void Dispose() => _heart.Dispose();

    private void Make(List<Piece> pieces, Action<IReadOnlyList<Piece>>? together)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            if (together is not null)
                together(pieces);
            else
                pieces.ForEach(piece => piece.Make());
        }
        catch (IOException) when (pieces.TrueForAll(piece => piece.IsDone()))
        {
            // Somebody who took this worker for dead was faster, and what the piece was made from has served.
        }
        Add(pieces.Count, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private void Add(int made = 0, double computing = 0, double waiting = 0)
    {
        lock (_lock)
            _state = _state with
            {
                Pieces = _state.Pieces + made,
                Computing = _state.Computing + computing,
                Waiting = _state.Waiting + waiting,
            };
    }

    private void RequireGoingOn()
    {
        if (_abandoned)
            throw new OperationCanceledException($"{_folder.Path}: the run was stopped or started anew.");
        if (_folder.Failure(_job.Epoch) is { } failure)
            throw failure.ToException();
    }

    private void Beat()
    {
        lock (_lock)
            if (_state.Phase == MemberPhase.Working)
                try
                {
                    _state = _state with { Beat = _state.Beat + 1, Seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds };
                    _state.Write(_folder.Members);
                    _abandoned = SharedJob.Read(_folder.Path)?.Epoch != _job.Epoch;
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidModelException)
                {
                    // The next beat may come through; if none does, others take over.
                }
    }

    private void End(MemberState state)
    {
        lock (_lock)
            _state = state with { Beat = _state.Beat + 1, Seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds };
        _state.Write(_folder.Members);
    }
}
