using System.Text.Json.Nodes;

namespace SvdSurgeon.Reporting;

/// <summary>A perplexity as metrics.json has it.</summary>
internal sealed record Measured(double Ppl, double MeanNll, double LogSe)
{
    public static Measured Of(JsonNode json) =>
        new((double?)json["ppl"] ?? double.PositiveInfinity, (double)json["mean_nll"]!, (double)json["log_se"]!);
}
