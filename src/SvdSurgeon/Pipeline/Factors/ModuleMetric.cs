using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Whitening;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.LinearAlgebra;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Pipeline.Artifacts;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Running;
using SvdSurgeon.Pipeline.Statistics;

namespace SvdSurgeon.Pipeline.Factors;

/// <summary>
/// The scaling in which a method decomposes weights: what each side is whitened with, made from the collected statistics.
/// </summary>
internal sealed class ModuleMetric
{
    private readonly ILinearAlgebra _la;
    private readonly CompressionOptions _options;
    private readonly InputStatistics? _inputs;
    private readonly IReadOnlyList<OutputStatistics> _outputs;
    private readonly ConcurrentDictionary<string, double> _outputNorms = new(StringComparer.Ordinal);

    private ModuleMetric(ILinearAlgebra la, CompressionOptions options, InputStatistics? inputs, IReadOnlyList<OutputStatistics> outputs) =>
        (_la, _options, _inputs, _outputs) = (la, options, inputs, outputs);

    /// <summary>Collects the statistics that the method needs.</summary>
    public static ModuleMetric Collect(PipelineContext context, CompressionOptions options, Calibration.TokenSet tokens)
    {
        var statistics = DenseStatistics.Collect(context, options.Method, tokens);
        return new ModuleMetric(
            context.Backend.LinearAlgebra,
            options,
            statistics.Inputs,
            statistics.Outputs is { } outputs ? [outputs] : []
        );
    }

    /// <summary>The same metric with C averaged over further statistics, collected at a compressed model.</summary>
    public ModuleMetric With(OutputStatistics further) => new(_la, _options, _inputs, [.. _outputs, further]);

    /// <summary>What the metric depends on, for artifact keys.</summary>
    public JsonObject Inputs()
    {
        var inputs = ArtifactOptions.Of(ArtifactOptions.Metric, _options);
        inputs["inputs"] = _inputs?.Key;
        inputs["outputs"] = string.Join(' ', _outputs.Select(o => o.Key));
        return inputs;
    }

    /// <summary>‖WXᵀ‖ of a dense module, which is the same for all ratios: measured when it is first asked for.</summary>
    public double OutputNorm(string module, Func<double> measure) => _outputNorms.GetOrAdd(module, _ => measure());

    /// <summary>The metric of one layer.</summary>
    public Layer Open(int layer) => new(this, _inputs?.Layer(layer), [.. _outputs.Select(o => o.Layer(layer))]);

    /// <summary>The factor of a Gram matrix of inputs, as the method damps and factors it.</summary>
    public WhiteningFactor FactorInputs(Matrix gram) => _options.Method.Factor(_la, gram, _options.Whitening);

    /// <summary>The metric of one layer's modules; open statistics files end with it.</summary>
    public sealed class Layer(ModuleMetric metric, SafeTensorsFile? inputs, IReadOnlyList<SafeTensorsFile> outputs) : IDisposable
    {
        private CompressionMethod Method => metric._options.Method;

        /// <summary>H = XᵀX of a group, damped as the method damps it.</summary>
        public Matrix Gram(InputGroup group) => Method.Damp(InputStatistics.Gram(inputs!, group));

        /// <summary>H = XᵀX of a group as it was collected; null where the method asks for no inputs.</summary>
        public Matrix? CollectedGram(InputGroup group) => inputs is null ? null : InputStatistics.Gram(inputs, group);

        /// <summary>What the columns of the group's weights are scaled with; null for nothing.</summary>
        public WhiteningFactor? Input(InputGroup group) =>
            inputs is null ? null : Method.Input(metric._la, new InputSample(inputs, group), metric._options.Whitening);

        /// <summary>What the rows of the module's weight are scaled with; null for nothing.</summary>
        public WhiteningFactor? Output(LinearModule module) =>
            outputs.Count == 0 ? null : Method.Output(metric._la, new OutputSample(this, outputs, module));

        public void Dispose()
        {
            inputs?.Dispose();
            foreach (var file in outputs)
                file.Dispose();
        }

        /// <summary>C of a module, the mean of all collections; not damped.</summary>
        public Matrix OutputGram(LinearModule module)
        {
            var sum = OutputStatistics.Gram(outputs[0], module);
            foreach (var file in outputs.Skip(1))
            {
                var further = OutputStatistics.Gram(file, module);
                for (int i = 0; i < sum.Data.Length; i++)
                    sum.Data[i] += further.Data[i];
            }
            return sum;
        }
    }

    private sealed class InputSample(SafeTensorsFile file, InputGroup group) : IInputSample
    {
        public Matrix Gram() => InputStatistics.Gram(file, group);

        public double[] MeanAbsolute() => file[group.Name + ".mean_abs"].Doubles().ToArray();
    }

    private sealed class OutputSample(Layer layer, IReadOnlyList<SafeTensorsFile> files, LinearModule module) : IOutputSample
    {
        public Matrix Gram() => layer.OutputGram(module);

        public double[] RowFisher() => files[0][module.Name + ".row_fisher"].Doubles().ToArray();
    }
}
