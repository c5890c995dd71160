using System.Diagnostics;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Cli.Output.Progress;

/// <summary>
/// How far a whole run is and how long it will still take: from its expected steps where they are known, else from the step that runs.
/// </summary>
internal sealed class RunClock(IReadOnlyList<ExpectedStage> expected)
{
    // So many seconds of the estimate count as if they had been seen to be right: the first moments say little.
    private const double Trust = 10;

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly double _whole = expected.Sum(stage => stage.Seconds);
    private string _stage = "";
    private TimeSpan _stageBegan;
    private double _skipped;
    private int _at;

    /// <summary>Time since the run began.</summary>
    public TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>The last report.</summary>
    public StageProgress Last { get; private set; }

    /// <summary>Takes a report.</summary>
    public void Take(StageProgress value)
    {
        if (value.Stage != _stage)
        {
            (_stage, _stageBegan) = (value.Stage, _clock.Elapsed);
            int at = Next(value.Stage);
            // What was expected in between was there already.
            for (int i = _at + 1; i < at; i++)
                _skipped += expected[i].Seconds;
            _at = Math.Max(_at, at);
        }
        Last = value;
    }

    /// <summary>Share of the run that is done; of the step, where nothing is known of the run.</summary>
    public double Share =>
        _whole > 0 && expected.Count > 0
            ? Math.Clamp((expected.Take(_at).Sum(stage => stage.Seconds) + StageShare * expected[_at].Seconds) / _whole, 0, 1)
            : StageShare;

    /// <summary>Whether <see cref="Share"/> and <see cref="Left"/> are the whole run's.</summary>
    public bool KnowsTheRun => _whole > 0;

    /// <summary>Time left; null where it cannot be told yet.</summary>
    public TimeSpan? Left
    {
        get
        {
            if (KnowsTheRun)
            {
                double done = Share * _whole - _skipped,
                    pace = (_clock.Elapsed.TotalSeconds + Trust) / (Math.Max(done, 0) + Trust);
                return TimeSpan.FromSeconds((1 - Share) * _whole * pace);
            }
            double share = StageShare;
            return share is > 0 and < 1 ? (_clock.Elapsed - _stageBegan) * ((1 - share) / share) : null;
        }
    }

    private double StageShare => Last.Total > 0 ? Math.Clamp((double)Last.Done / Last.Total, 0, 1) : 0;

    // A stage comes back in some runs: only those ahead are looked at.
    private int Next(string stage)
    {
        for (int i = _at; i < expected.Count; i++)
            if (expected[i].Name == stage)
                return i;
        return _at;
    }
}
