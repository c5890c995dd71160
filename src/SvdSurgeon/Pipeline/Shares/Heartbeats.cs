using System.Diagnostics;
using System.Globalization;

namespace SvdSurgeon.Pipeline.Shares;

/// <summary>
/// Who lives, as one process sees it: a worker whose counter has not moved for the length of a lease, by this process's own monotonic
/// clock, is dead. No two clocks are compared. Who is taken for dead and lives makes a piece that another makes too, to the same bytes.
/// </summary>
/// <param name="folder">The workers' files.</param>
/// <param name="lease">How long the counter may stand still.</param>
internal sealed class Heartbeats(string folder, TimeSpan lease)
{
    private readonly Dictionary<string, (long Beat, long Since)> _seen = new(StringComparer.Ordinal);

    /// <summary>Whether the owner of a claim lives.</summary>
    /// <param name="owner">As <see cref="Owner"/> names it; empty where it has not written its name yet.</param>
    /// <param name="claim">The claim's file: its owner may have died before it wrote its name.</param>
    public bool IsAlive(string owner, string claim)
    {
        string[] parts = owner.Split(' ');
        if (parts.Length < 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int rank))
            return Moves(claim, 0);
        return MemberState.Read(folder, rank) is { } state
            ? state.Id == parts[1] && state.Phase == MemberPhase.Working && Moves(owner, state.Beat)
            : Moves(owner, _seen.TryGetValue(owner, out var last) ? last.Beat : 0);
    }

    /// <summary>Whether a worker lives.</summary>
    public bool IsAlive(MemberState state) => state.Phase == MemberPhase.Working && Moves(Owner(state), state.Beat);

    /// <summary>What stands in the claims of a worker.</summary>
    public static string Owner(MemberState state) => string.Create(CultureInfo.InvariantCulture, $"{state.Rank} {state.Id} {state.Host}");

    private bool Moves(string who, long beat)
    {
        if (!_seen.TryGetValue(who, out var last) || last.Beat != beat)
        {
            _seen[who] = (beat, Stopwatch.GetTimestamp());
            return true;
        }
        return Stopwatch.GetElapsedTime(last.Since) < lease;
    }
}
