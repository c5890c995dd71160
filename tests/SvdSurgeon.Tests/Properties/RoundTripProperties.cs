using FsCheck;
using NUnit.Framework;
using SvdSurgeon.Compression.Allocation;
using SvdSurgeon.Compression.Methods;
using SvdSurgeon.Compression.Storage;
using SvdSurgeon.Formats;
using SvdSurgeon.Formats.Gguf;
using SvdSurgeon.Formats.HuggingFace.CompressedTensors;
using SvdSurgeon.Formats.SafeTensors;
using SvdSurgeon.Pipeline.Options;
using SvdSurgeon.Pipeline.Sources;
using SvdSurgeon.Quantization;
using SvdSurgeon.Tensors;
using PropertyAttribute = FsCheck.NUnit.PropertyAttribute;

namespace SvdSurgeon.Tests.Properties;

#pragma warning disable NUnit1027 // FsCheck makes the arguments

/// <summary>What is written and read again is the same, for every format and type that is written.</summary>
[TestFixture]
public sealed class RoundTripProperties
{
    private const int Cases = 40;

    private static readonly DType[] Plain = [.. Enum.GetValues<DType>().Where(type => !type.IsQuantized())];
    private static readonly DType[] OfGguf = [.. Enum.GetValues<DType>().Where(IsGguf)];

    [Property(MaxTest = Cases)]
    public void Safetensors(NonNull<string>[] names, NonNull<string>[] metadata, int seed)
    {
        using var folder = new TemporaryFolder();
        var written = Tensors([.. names.Select(name => name.Get)], Plain, new Random(seed), mayBeEmpty: true);
        var about = metadata.Select((text, i) => (Key: $"{i} {text.Get}", text.Get)).ToDictionary(m => m.Key, m => m.Get);
        SafeTensorsWriter.Write(folder["a"], written.Select(TensorEntry.From), about);
        using var file = SafeTensorsFile.Open(folder["a"]);
        Assert.That(file.Metadata, Is.EquivalentTo(about));
        AreEqual(file.Tensors, written);
    }

    [Property(MaxTest = Cases)]
    public void Gguf(NonNull<string>[] names, NonNull<string> text, int[] numbers, bool flag, NormalFloat real, int seed)
    {
        using var folder = new TemporaryFolder();
        var written = Tensors([.. names.Select(name => name.Get)], OfGguf, new Random(seed), mayBeEmpty: false);
        var metadata = new GgufMetadataBuilder();
        float[] singles = [.. numbers.Select(number => number / 3f)];
        metadata.Add("general.architecture", text.Get);
        metadata.Add("integer", seed & int.MaxValue);
        metadata.Add("number", real.Get);
        metadata.Add("flag", flag);
        metadata.Add("texts", [.. names.Select(name => name.Get)]);
        metadata.Add("integers", numbers);
        metadata.Add("singles", singles);
        GgufFileWriter.Write(folder["a.gguf"], metadata, [.. written.Select(TensorEntry.From)]);
        using var file = GgufFile.Open(folder["a.gguf"]);
        Assert.That(file.Metadata.Text("general.architecture"), Is.EqualTo(text.Get));
        Assert.That(file.Metadata.Integer("integer"), Is.EqualTo((long)(seed & int.MaxValue)));
        Assert.That(file.Metadata.Number("number"), Is.EqualTo((double)(float)real.Get));
        Assert.That(file.Metadata.Flag("flag"), Is.EqualTo(flag));
        Assert.That(file.Metadata.Texts("texts"), Is.EqualTo(names.Select(name => name.Get)));
        Assert.That(file.Metadata.Integers("integers"), Is.EqualTo(numbers));
        Assert.That(file.Metadata.Singles("singles"), Is.EqualTo(singles));
        AreEqual(file.Tensors, written);
    }

    [Property(MaxTest = Cases)]
    public void Packed_integers(PositiveInt rows, PositiveInt groups, byte bits, int seed)
    {
        using var folder = new TemporaryFolder();
        var random = new Random(seed);
        var grid = new IntegerGrid(2 + bits % 7, 8 << (bits % 3));
        var matrix = new QuantizedMatrix(grid, 1 + rows.Get % 9, (1 + groups.Get % 5) * grid.Group);
        for (int i = 0; i < matrix.Codes.Length; i++)
            matrix.Codes[i] = (sbyte)random.Next(grid.Least, grid.Most + 1);
        for (int i = 0; i < matrix.Scales.Length; i++)
            matrix.Scales[i] = (Half)(random.NextDouble() - 0.5);
        SafeTensorsWriter.Write(folder["a"], GridEntries.Of("w", matrix));
        using var file = SafeTensorsFile.Open(folder["a"]);
        var read = GridEntries.Read(file.Tensors, "w", grid);
        Assert.That((read.Rows, read.Columns), Is.EqualTo((matrix.Rows, matrix.Columns)));
        Assert.That(read.Codes, Is.EqualTo(matrix.Codes));
        Assert.That(read.Scales, Is.EqualTo(matrix.Scales));
    }

    [Property(MaxTest = Cases)]
    public void Recipes(NonNull<string> path, PositiveInt sequences, byte choice, NormalFloat strength, bool flag)
    {
        using var folder = new TemporaryFolder();
        var recipe = new Recipe
        {
            Model = new SourceFile("m" + path.Get, flag ? new string('a', 64) : null),
            Calibration = new CalibrationSource { Length = sequences.Get },
            Options = new CompressionOptions
            {
                Ratios = [0.8, 1.0 / 3],
                Method = CompressionMethod.All[choice % CompressionMethod.All.Count],
                Surgeon = Pick<SurgeonMode>(choice),
                Allocate = AllocationRule.All[choice % AllocationRule.All.Count],
                Storage = Pick<StorageForm>(choice),
                Sequences = sequences.Get,
                SurgeonOptions = new() { Scale = Math.Abs(strength.Get) },
                Sequential = flag ? new SequentialOptions() : null,
                Update = flag,
            },
        };
        recipe.Write(folder["recipe.json"]);
        Assert.That(Recipe.Read(folder["recipe.json"]).ToJson().ToJsonString(), Is.EqualTo(recipe.ToJson().ToJsonString()));

        T Pick<T>(int number)
            where T : struct, Enum => Enum.GetValues<T>()[number % Enum.GetValues<T>().Length];
    }

    private static bool IsGguf(DType type)
    {
        try
        {
            GgufTypes.NumberOf(type);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    // One tensor for each name and type in turn.
    private static List<StoredTensor> Tensors(string[] names, DType[] types, Random random, bool mayBeEmpty) =>
        [
            .. names.Select(
                (name, i) =>
                {
                    var type = types[random.Next(types.Length)];
                    long rows = random.Next(mayBeEmpty ? 0 : 1, 5),
                        columns = type.Block().Numbers * random.Next(mayBeEmpty ? 0 : 1, 4);
                    long[] shape = random.Next(3) switch
                    {
                        0 => [columns],
                        1 => [rows, columns],
                        _ => [1, rows, columns],
                    };
                    var bytes = GC.AllocateArray<byte>((int)type.ByteCount(shape.Aggregate(1L, (a, b) => a * b)), pinned: true);
                    random.NextBytes(bytes);
                    return StoredTensor.FromBytes($"{i} {name}", type, shape, bytes);
                }
            ),
        ];

    private static unsafe void AreEqual(IReadOnlyDictionary<string, StoredTensor> read, List<StoredTensor> written)
    {
        Assert.That(read.Keys, Is.EquivalentTo(written.Select(tensor => tensor.Name)));
        foreach (var tensor in written)
        {
            var copy = read[tensor.Name];
            Assert.That(copy.Type, Is.EqualTo(tensor.Type));
            Assert.That(copy.Shape, Is.EqualTo(tensor.Shape));
            Assert.That(Bytes(copy).SequenceEqual(Bytes(tensor)), Is.True, tensor.Name);
        }

        static ReadOnlySpan<byte> Bytes(StoredTensor tensor) => new((void*)tensor.Address, (int)tensor.ByteLength);
    }
}
