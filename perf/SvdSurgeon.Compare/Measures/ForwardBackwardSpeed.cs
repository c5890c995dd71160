using SvdSurgeon.Compare.Tables;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Fisher;

namespace SvdSurgeon.Compare.Measures;

/// <summary>Tokens a second of forward and backward passes.</summary>
internal sealed class ForwardBackwardSpeed : IMeasure
{
    public string Name => "forward-backward";

    public Section Run(Comparison comparison)
    {
        using var setting = new SpectralSetting(comparison);
        double tokens = setting.Tokens.Ids.Length;
        List<double> activations = [],
            weights = [],
            spectral = [],
            peerActivations = [],
            peerWeights = [];
        setting.WarmUp(null);
        setting.WarmUp(new FormedGradients(setting.Backend));
        using (var projection = setting.Projection(SpectralForm.Cheaper))
            setting.WarmUp(projection);
        comparison.Repeat(
            Name,
            _ =>
            {
                activations.Add(tokens / setting.Time(null));
                weights.Add(tokens / setting.Time(new FormedGradients(setting.Backend)));
                using (var projection = setting.Projection(SpectralForm.Cheaper))
                    spectral.Add(tokens / setting.Time(projection));
                if (!comparison.Peer.IsThere)
                    return;
                foreach (
                    var line in comparison.Peer.Gradients(
                        comparison.Model,
                        comparison.CalibrationTokens,
                        setting.Tokens.Sequences,
                        comparison.Settings.Threads
                    )
                )
                    ((string?)line["what"] == "weights" ? peerWeights : peerActivations).Add(
                        (double)line["tokens"]! / (double)line["seconds"]!
                    );
            }
        );
        var section = new Section("Forward and backward");
        section.Say(
            $"{setting.Tokens.Sequences} sequences of {setting.Tokens.Length}, loading not counted. The peer takes one sequence at a "
                + $"time, ours as many as fit into {SequenceBlocks.TokensAtOnce:N0} tokens."
        );
        var table = new ComparisonTable();
        table.Add(
            "gradients of activations alone (the peer: no weight asks for one)",
            "tokens/s",
            activations,
            peerActivations,
            Ratio.OursOverPeer
        );
        table.Add(
            "and G of every linear module and sequence (the peer: `loss.backward()` with respect to all linear weights)",
            "tokens/s",
            weights,
            peerWeights,
            Ratio.OursOverPeer
        );
        table.Add(
            "and, instead of G, its spectral gradient: what the Fisher needs (the peer: `loss.backward()`, its projection not counted)",
            "tokens/s",
            spectral,
            peerWeights,
            Ratio.OursOverPeer
        );
        section.Add(table.Lines());
        return section;
    }
}
