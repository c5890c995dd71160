using System.Globalization;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.Gguf;
using SvdSurgeon.IO;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Export.Gguf;

/// <summary>
/// A factored model as a pair that an unmodified llama.cpp loads: a base whose factored matrices hold only what is not of low rank, and a
/// LoRA adapter with the factors. llama.cpp adds b·(a·x) of the adapter to the base's product, so nothing is rounded that was not.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="architecture">What llama.cpp calls it.</param>
/// <param name="tensors">Names and row order.</param>
/// <param name="threads">Threads for rounding; 0: one per processor.</param>
internal sealed class GgufAdapter(ExportModel model, GgufArchitecture architecture, GgufTensors tensors, int threads)
{
    /// <summary>The names of the two files.</summary>
    public const string BaseFile = "base.gguf",
        AdapterFile = "adapter.gguf";

    private List<LinearModule> Factored => [.. model.Modules.Values.Where(module => module.Rank is not null)];

    /// <summary>How to write the pair into a new folder.</summary>
    /// <param name="metadata">Of the base.</param>
    /// <param name="notes">Receives what the user should know.</param>
    /// <param name="output">The folder.</param>
    /// <exception cref="InvalidInputException">No module has factors, or the folder cannot be made.</exception>
    public PreparedExport Prepare(GgufMetadataBuilder metadata, List<string> notes, string output)
    {
        if (Factored.Count == 0)
            throw new InvalidInputException($"--adapter: no module of {model.Source.Path} has factors. Leave --adapter out.");
        OutputFolder.EnsureUsable(output);
        var whole = tensors.All(module => module.Rank is null ? tensors.Matrix(module) : Rest(module));
        long zeros = Factored.Where(module => module is not ColumnPreservingLinear).Sum(module => Rest(module).ByteLength);
        notes.Add(
            string.Create(
                CultureInfo.InvariantCulture,
                $"llama.cpp wants a matrix in the base for every module: {zeros / 1048576.0:N1} MiB of it are zeros. Without --adapter "
                    + $"the file is smaller."
            )
        );
        string command =
            $"llama-cli -m {Path.Combine(output, BaseFile)} --lora {Path.Combine(output, AdapterFile)} -p \"Once upon a time\"";
        return new PreparedExport(notes, command, cancellation => Write(metadata, whole, output, cancellation));
    }

    private List<string> Write(GgufMetadataBuilder metadata, List<TensorEntry> whole, string output, CancellationToken cancellation)
    {
        using var folder = OutputFolder.Create(output);
        GgufFileWriter.Write(Path.Combine(folder.Temporary, BaseFile), metadata, whole, cancellation);
        GgufFileWriter.Write(
            Path.Combine(folder.Temporary, AdapterFile),
            AdapterMetadata(),
            [.. Factored.SelectMany(Factors)],
            cancellation
        );
        folder.Commit();
        return [Path.Combine(output, BaseFile), Path.Combine(output, AdapterFile)];
    }

    private GgufMetadataBuilder AdapterMetadata()
    {
        var metadata = new GgufMetadataBuilder();
        metadata.Add("general.architecture", architecture.Name);
        metadata.Add("general.type", "adapter");
        metadata.Add("adapter.type", "lora");
        metadata.Add("adapter.lora.alpha", 0.0); // none: the scale is 1 for every rank
        return metadata;
    }

    // What the base holds for a factored module: the kept columns, or zeros in the smallest type that every llama.cpp has.
    private TensorEntry Rest(LinearModule module)
    {
        string name = module.Name + ".weight";
        long[] shape = [module.OutFeatures, module.InFeatures];
        if (module is ColumnPreservingLinear columns)
            return new TensorEntry(
                tensors.NameOf(name),
                FactorType(columns.C),
                shape,
                stream =>
                    Entry(tensors.InFileOrder(StoredTensor.FromSingles(name, shape, ModuleFactors.Of(module).Rest!)), FactorType(columns.C))
                        .WriteTo(stream)
            );
        var type =
            module.InFeatures % 256 == 0 ? DType.Q2_K
            : module.InFeatures % 32 == 0 ? DType.Q4_0
            : DType.F16;
        return new TensorEntry(tensors.NameOf(name), type, shape, stream => WriteZeros(stream, type.ByteCount(shape[0] * shape[1])));
    }

    private IEnumerable<TensorEntry> Factors(LinearModule module)
    {
        if (module.Rank is not { } r || r == 0)
            return [];
        string name = tensors.NameOf(module.Name + ".weight");
        var type = FactorType(module.StoredTensors[0].Type == DType.I32 ? module.StoredTensors[1] : module.StoredTensors[0]);
        long[] left = [module.OutFeatures, r],
            right = [r, module.InFeatures];
        return
        [
            new(
                name + ".lora_a",
                type,
                right,
                stream => Entry(StoredTensor.FromSingles(name, right, ModuleFactors.Of(module).Right), type).WriteTo(stream)
            ),
            new(
                name + ".lora_b",
                type,
                left,
                stream =>
                    Entry(tensors.InFileOrder(StoredTensor.FromSingles(module.Name + ".weight", left, ModuleFactors.Of(module).Left)), type)
                        .WriteTo(stream)
            ),
        ];
    }

    private TensorEntry Entry(StoredTensor tensor, DType type) => BlockRows.Entry(tensor, type, threads);

    // llama.cpp takes factors in F32 and F16.
    private static DType FactorType(StoredTensor factor) => factor.Type == DType.F16 ? DType.F16 : DType.F32;

    private static void WriteZeros(Stream stream, long bytes)
    {
        var zeros = new byte[Math.Min(bytes, 1 << 20)];
        for (; bytes > 0; bytes -= zeros.Length)
            stream.Write(zeros, 0, (int)Math.Min(bytes, zeros.Length));
    }
}
