namespace SvdSurgeon.Export;

/// <summary>An export that nothing stands against.</summary>
/// <param name="Notes">What the user should know of the result: sentences.</param>
/// <param name="Command">One command that runs the result.</param>
/// <param name="Write">Writes it, as a whole or not at all, and returns the paths of the files.</param>
internal sealed record PreparedExport(IReadOnlyList<string> Notes, string Command, Func<CancellationToken, IReadOnlyList<string>> Write)
{
    /// <summary>The programs that load this result, where they are fewer than those of the format.</summary>
    public string? RunsIn { get; init; }
}
