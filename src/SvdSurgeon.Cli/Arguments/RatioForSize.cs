using SvdSurgeon.Cli.Commands;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Ranks;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>The kept fraction that weight files of a size have room for, before the statistics: about what compress finds.</summary>
internal static class RatioForSize
{
    private const int Halvings = 20;

    /// <summary>The largest fraction whose plan fits.</summary>
    /// <exception cref="InvalidInputException">None does.</exception>
    public static double Of(Checkpoint checkpoint, SizeTarget size, CompressionOptions options)
    {
        var model = DecoderModel.Load(checkpoint);
        bool Fits(double ratio) => PlanCommand.FileBytes(CompressionPlan.Uniform(model, ratio, options), options, checkpoint) <= size.Bytes;
        double low = 0.01,
            high = 1;
        if (!Fits(low))
            throw new InvalidInputException(
                $"--target-size {size.Text}: what is no linear module takes more than this. Ask for more, or leave the "
                    + "options for ranks out."
            );
        for (int i = 0; i < Halvings; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = Fits(middle) ? (middle, high) : (low, middle);
        }
        return Math.Round(low, 4, MidpointRounding.ToZero);
    }
}
