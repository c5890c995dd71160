using SvdSurgeon.Backends;
using SvdSurgeon.Formats;
using SvdSurgeon.Models;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tokenization;

namespace SvdSurgeon.Export;

/// <summary>A model on its way out: its stored tensors, its modules in whatever form they have, and its tokenizer.</summary>
internal sealed class ExportModel : IDisposable
{
    private readonly Lazy<Tokenizer> _tokenizer;

    private ExportModel(Checkpoint source, IBackend backend)
    {
        (Source, Backend) = (source, backend);
        Decoder = DecoderModel.Load(source);
        Modules = Decoder.Linears.ToDictionary(module => module.Name, StringComparer.Ordinal);
        _tokenizer = new(() => Tokenization.Tokenizer.Open(source.Path));
    }

    /// <summary>The model's files: configuration and tensors under canonical names.</summary>
    public Checkpoint Source { get; }

    /// <summary>Multiplies factors where they are merged.</summary>
    public IBackend Backend { get; }

    /// <summary>The modules, loaded and checked.</summary>
    public DecoderModel Decoder { get; }

    /// <summary>The linear modules of the layers by name; each is dense or factored.</summary>
    public IReadOnlyDictionary<string, LinearModule> Modules { get; }

    /// <summary>The tokenizer beside the model.</summary>
    /// <exception cref="InvalidModelException">There is none, or one that is not supported.</exception>
    public Tokenizer Tokenizer => _tokenizer.Value;

    /// <summary>True where a module is not one matrix.</summary>
    public bool IsFactored => Modules.Values.Any(module => module.Rank is not null);

    /// <summary>Opens the model at <paramref name="path"/>.</summary>
    /// <exception cref="InvalidModelException">There is no model, or it is damaged or not supported.</exception>
    public static ExportModel Open(string path, IBackend backend)
    {
        var source = Checkpoint.Open(path);
        try
        {
            return new ExportModel(source, backend);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>Closes the files.</summary>
    public void Dispose() => Source.Dispose();
}
