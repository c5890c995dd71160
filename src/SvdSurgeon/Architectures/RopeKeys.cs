using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Architectures;

/// <summary>Base and scaling of the rotary frequencies: rope_parameters, or the older rope_theta and rope_scaling.</summary>
/// <remarks>Both are read. Where they differ, the newer counts, as in transformers 5, and the user is told.</remarks>
internal static class RopeKeys
{
    private const string Supported = "default, linear, llama3";

    /// <param name="keys">The config.</param>
    /// <param name="defaultTheta">Base where no key says it.</param>
    /// <param name="partial">The family can turn a part of each head (<see cref="RotaryDim"/>); where it cannot, a file that says so is
    /// refused.</param>
    public static (double Theta, RopeScaling Scaling) Parse(ConfigKeys keys, double defaultTheta = 10000, bool partial = false)
    {
        if (!partial)
            RefusePartial(keys);
        double olderTheta = keys.PositiveNumber("rope_theta", defaultTheta);
        var newer = Read(keys, "rope_parameters", olderTheta, partial);
        var older = Read(keys, "rope_scaling", keys.Has("rope_theta") ? olderTheta : newer?.Theta ?? olderTheta, partial);
        if (newer is null)
            return older ?? (olderTheta, RopeScaling.None);
        if (older is not null && older != newer)
            keys.Warn($"{keys.File}: 'rope_parameters' and 'rope_scaling' differ; 'rope_parameters' is used.");
        else if (keys.Has("rope_theta") && newer.Value.Theta != olderTheta)
            keys.Warn(
                FormattableString.Invariant(
                    $"{keys.File}: 'rope_parameters.rope_theta' is {newer.Value.Theta} and 'rope_theta' {olderTheta}; the former is used."
                )
            );
        return newer.Value;
    }

    private static (double Theta, RopeScaling Scaling)? Read(ConfigKeys keys, string section, double theta, bool partial)
    {
        if (keys.Section(section) is not { } rope)
            return null;
        foreach (var (key, value) in keys.Object(section)!)
            if (value is JsonObject)
                throw keys.Refuse(section + "." + key, "one set for each layer type", "one set for all layers", "Rotary parameters");
        if (partial)
            rope.Ignore("partial_rotary_factor"); // RotaryDim reads it
        else
            RefusePartial(rope);
        return Section(rope, keys, theta);
    }

    /// <summary>The base and scaling of each type of layer, as Gemma 3 has them.</summary>
    public static (double Theta, RopeScaling Scaling) ParseLayerType(ConfigKeys keys, string layerType, double defaultTheta)
    {
        if (keys.Object("rope_parameters")?[layerType] is not JsonObject json)
            throw new InvalidModelException($"{keys.File}: 'rope_parameters.{layerType}' is missing. Fetch the file again.");
        return Section(new ConfigKeys(json, keys.File, $"rope_parameters.{layerType}."), keys, defaultTheta);
    }

    /// <summary>How many numbers of a head turn.</summary>
    /// <param name="keys">The config.</param>
    /// <param name="headDim">Width of a head.</param>
    /// <param name="otherwise">Fraction of it where no key says.</param>
    /// <param name="older">An older key of the same meaning; empty for none.</param>
    public static int RotaryDim(ConfigKeys keys, int headDim, double otherwise, string older = "")
    {
        const string key = "partial_rotary_factor";
        double fraction = keys.PositiveNumber(key, older.Length > 0 ? keys.PositiveNumber(older, otherwise) : otherwise);
        if (keys.Object("rope_parameters") is { } json)
        {
            double newer = new ConfigKeys(json, keys.File, "rope_parameters.").PositiveNumber(key, fraction);
            if (newer != fraction && (keys.Has(key) || (older.Length > 0 && keys.Has(older))))
                keys.Warn(
                    FormattableString.Invariant(
                        $"{keys.File}: 'rope_parameters.{key}' is {newer}, and outside of it {fraction}; the former is used."
                    )
                );
            fraction = newer;
        }
        int dim = (int)(headDim * fraction);
        if (fraction > 1 || dim == 0 || dim % 2 != 0)
            throw new InvalidModelException(
                FormattableString.Invariant(
                    $"{keys.File}: {key} is {fraction}; of heads of {headDim} an even number of dimensions must turn, and no more than all."
                )
            );
        return dim;
    }

    private static (double Theta, RopeScaling Scaling) Section(ConfigKeys rope, ConfigKeys keys, double theta)
    {
        theta = rope.PositiveNumber("rope_theta", theta);
        string older = rope.Text("type", "default"),
            type = rope.Text("rope_type", older);
        if (rope.Has("type") && older != type)
            keys.Warn($"{keys.File}: '{rope.Name("rope_type")}' is '{type}' and '{rope.Name("type")}' '{older}'; the former is used.");
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
