using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures;

/// <summary>Base and scaling of the rotary frequencies: rope_parameters, or the older rope_theta and rope_scaling.</summary>
internal static class RopeKeys
{
    private const string Supported = "default, linear, llama3";

    public static (double Theta, RopeScaling Scaling) Parse(ConfigKeys keys)
    {
        string section = keys.Has("rope_parameters") ? "rope_parameters" : "rope_scaling";
        double theta = keys.PositiveNumber("rope_theta", 10000);
        RefusePartial(keys);
        if (keys.Object(section) is not { } json)
            return (theta, RopeScaling.None);

        var rope = new ConfigKeys(json, keys.File, section + ".");
        foreach (var (key, value) in json)
            if (value is JsonObject)
                throw keys.Refuse(section + "." + key, "one set for each layer type", "one set for all layers", "Rotary parameters");
        RefusePartial(rope);
        theta = rope.PositiveNumber("rope_theta", theta);
        string type = rope.Text("rope_type", rope.Text("type", "default"));
        return type switch
        {
            "default" or "none" => (theta, RopeScaling.None),
            "linear" => (theta, new RopeScaling("linear", rope.PositiveNumber("factor"))),
            "llama3" => (theta, Llama3(rope, keys)),
            _ => throw rope.Refuse("rope_type", type, Supported, "Rotary scaling"),
        };
    }

    private static RopeScaling Llama3(ConfigKeys rope, ConfigKeys keys)
    {
        double low = rope.PositiveNumber("low_freq_factor"),
            high = rope.PositiveNumber("high_freq_factor");
        if (high <= low)
            throw new InvalidModelException(
                $"{keys.File}: high_freq_factor ({high}) must be above low_freq_factor ({low}) in the rotary scaling."
            );
        int original = rope.Has("original_max_position_embeddings")
            ? rope.Positive("original_max_position_embeddings")
            : keys.Positive("original_max_position_embeddings");
        return new RopeScaling("llama3", rope.PositiveNumber("factor"), low, high, original);
    }

    private static void RefusePartial(ConfigKeys keys)
    {
        double fraction = keys.PositiveNumber("partial_rotary_factor", 1);
        if (fraction != 1)
            throw keys.Refuse(
                "partial_rotary_factor",
                fraction.ToString(System.Globalization.CultureInfo.InvariantCulture),
                "1",
                "Rotary positions of a part of the head,"
            );
    }
}
