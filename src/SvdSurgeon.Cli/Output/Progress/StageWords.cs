using SvdSurgeon.Pipeline.Artifacts;

namespace SvdSurgeon.Cli.Output.Progress;

/// <summary>What a run is doing, in words, for its stages' names.</summary>
internal static class StageWords
{
    /// <summary>The words; the name itself where there are none.</summary>
    public static string Of(string stage)
    {
        string[] parts = stage.Split(' ', 2);
        string rest = parts.Length > 1 ? " " + parts[1] : "";
        return parts[0] switch
        {
            StageNames.Gram => "reading the calibration text",
            StageNames.Gradients or StageNames.Weighted => "reading the calibration text, forward and back",
            StageNames.Factor => "decomposing every module",
            StageNames.Columns => "choosing columns",
            StageNames.Fisher => "collecting the spectral Fisher",
            StageNames.Sensitivity => "trying ratios in every module",
            StageNames.Sequential => "fitting module after module",
            StageNames.Update => "fitting factors again",
            StageNames.Divergence => "reading again for a Newton step",
            StageNames.Newton => "taking a Newton step",
            StageNames.Modules => "putting the modules together",
            StageNames.Bits => "trying bits in every module",
            "build" => "putting together" + rest,
            "measure" => "describing" + rest,
            "round" => "rounding" + rest,
            "train" => "training the rounding of" + rest,
            "judge" => "judging the training of" + rest,
            "write" => "writing" + rest,
            "eval" => "measuring" + rest,
            "tasks" => "answering tasks," + rest,
            "search" => "searching," + rest,
            _ => stage,
        };
    }
}
