namespace SvdSurgeon.Cli.Output.Progress;

/// <summary>How progress is shown, always on standard error.</summary>
internal enum ProgressMode
{
    /// <summary>A bar on a terminal, lines elsewhere, nothing beside --json.</summary>
    Auto,

    /// <summary>Lines, for a log file.</summary>
    Plain,

    /// <summary>An object a line, for programs.</summary>
    Json,

    /// <summary>Nothing.</summary>
    None,
}
