using Microsoft.ML.OnnxRuntimeGenAI;

namespace SvdSurgeon.Interop.Tests.Onnx;

/// <summary>An ONNX folder in ONNX Runtime GenAI.</summary>
internal sealed class GenAi : IDisposable
{
    private readonly Model _model;
    private readonly Microsoft.ML.OnnxRuntimeGenAI.Tokenizer _tokenizer;

    public GenAi(string folder)
    {
        _model = new Model(folder);
        _tokenizer = new(_model);
    }

    public int[] Encode(string text)
    {
        using var sequences = _tokenizer.Encode(text);
        return sequences[0].ToArray();
    }

    public string Decode(int[] ids) => _tokenizer.Decode(ids);

    /// <summary>The likeliest continuation; it ends where the model says so.</summary>
    public int[] Greedy(int[] prompt, int count)
    {
        using var parameters = new GeneratorParams(_model);
        parameters.SetSearchOption("max_length", prompt.Length + count);
        using var generator = new Generator(_model, parameters);
        generator.AppendTokens(prompt);
        while (!generator.IsDone())
            generator.GenerateNextToken();
        return generator.GetSequence(0)[prompt.Length..].ToArray();
    }

    public void Dispose()
    {
        _tokenizer.Dispose();
        _model.Dispose();
    }
}
