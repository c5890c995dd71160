using System.Text.Json.Nodes;

namespace SvdSurgeon.Pipeline.Results;

/// <summary>One step of a search.</summary>
/// <param name="Name">What was tried.</param>
/// <param name="HeldOutLoss">Mean next-token loss on the held-out sequences, infinite where logits were not finite.</param>
/// <param name="Kept">Whether it was better than the best before: what is fitted by more than the difference's standard error, another form
/// of the same size at all.</param>
/// <param name="Change">Loss minus that of the best before; null for the first step and where one of them is infinite.</param>
/// <param name="ChangeError">Standard error of <paramref name="Change"/>, over blocks of the same tokens; null where
/// <paramref name="Change"/> is.</param>
public sealed record AutoStep(string Name, double HeldOutLoss, bool Kept, double? Change = null, double? ChangeError = null)
{
    /// <summary>Whether it was not kept, but is not worse by more than the standard error either.</summary>
    internal bool IsUndecided => !Kept && Change <= ChangeError;

    /// <summary>As it stands in a result's config.json.</summary>
    internal JsonObject ToJson() =>
        new()
        {
            ["step"] = Name,
            ["held_out_loss"] = double.IsFinite(HeldOutLoss) ? HeldOutLoss : null,
            ["change"] = Change,
            ["change_se"] = ChangeError,
            ["kept"] = Kept,
        };

    /// <summary>From <see cref="ToJson"/>.</summary>
    internal static AutoStep FromJson(JsonNode step) =>
        new(
            step["step"]!.GetValue<string>(),
            (double?)step["held_out_loss"] ?? double.PositiveInfinity,
            (bool)step["kept"]!,
            (double?)step["change"],
            (double?)step["change_se"]
        );
}
