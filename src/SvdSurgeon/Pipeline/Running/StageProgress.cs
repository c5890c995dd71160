namespace SvdSurgeon.Pipeline.Running;

/// <summary>Where a run stands, for whoever shows it.</summary>
/// <param name="Stage">Stage name: gram, factor, fisher, write, eval.</param>
/// <param name="Detail">What is being worked on: a layer, a module, a ratio.</param>
/// <param name="Done">Units finished.</param>
/// <param name="Total">Units of the whole stage.</param>
public readonly record struct StageProgress(string Stage, string Detail, long Done, long Total)
{
    /// <summary>Stage of a report whose detail is a warning: a sentence, at the time when the run could still be stopped for it.</summary>
    public const string Warning = "warning";
}
