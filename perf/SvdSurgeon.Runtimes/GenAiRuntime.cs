using Microsoft.ML.OnnxRuntimeGenAI;

namespace SvdSurgeon.Runtimes;

/// <summary>ONNX Runtime GenAI, greedy.</summary>
internal sealed class GenAiRuntime : IRuntime
{
    private readonly Model _model;
    private readonly GeneratorParams _parameters;
    private readonly Generator _generator;

    public GenAiRuntime(string path, int threads, int capacity)
    {
        using var config = new Config(path);
        string session = $$"""{"intra_op_num_threads":{{threads}}}""";
        config.Overlay($"{{\"model\":{{\"decoder\":{{\"session_options\":{session}}}}}}}");
        _model = new Model(config);
        _parameters = new GeneratorParams(_model);
        _parameters.SetSearchOption("max_length", capacity);
        // Every runtime writes as many tokens as it is asked for.
        _parameters.SetSearchOption("min_length", capacity);
        _generator = new Generator(_model, _parameters);
    }

    public int Read(int[] prompt)
    {
        _generator.AppendTokens(prompt);
        return Next();
    }

    // It has read its own token already.
    public int Read(int token) => Next();

    public void Dispose()
    {
        _generator.Dispose();
        _parameters.Dispose();
        _model.Dispose();
    }

    private int Next()
    {
        _generator.GenerateNextToken();
        return _generator.GetSequence(0)[^1];
    }
}
