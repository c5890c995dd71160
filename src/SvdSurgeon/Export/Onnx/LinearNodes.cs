using SvdSurgeon.Formats.Onnx;
using SvdSurgeon.Models.Linear;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Export.Onnx;

/// <summary>
/// Linear modules as nodes of a graph, each in the form that it has: one product, two in a row, or two with a Gather. A product is a
/// MatMul over float weights or a MatMulNBits over integers by block.
/// </summary>
internal sealed class LinearNodes(OnnxGraph graph, OnnxWeightType type)
{
    // Integer dot products: activations are rounded to 8 bits by block, as ONNX Runtime's own models for CPUs ask for.
    private const long Int8Activations = 4;

    /// <summary>Type of activations and of everything that is not a matrix.</summary>
    public OnnxElement Element { get; } = type == OnnxWeightType.F16 ? OnnxElement.Float16 : OnnxElement.Float;

    private int? Bits =>
        type switch
        {
            OnnxWeightType.Int4 => 4,
            OnnxWeightType.Int8 => 8,
            _ => null,
        };

    /// <summary>y = x Wᵀ + bias of a module in any form; returns the name of y.</summary>
    /// <exception cref="InvalidModelException">The module has a form that is not known here.</exception>
    public string Linear(string x, LinearModule module)
    {
        string y = module switch
        {
            DenseLinear dense => Product(x, new(dense.Weight), module.Name),
            LowRankLinear { Rank: 0 } or PivotedLinear { Rank: 0 } => Zero(x, module),
            LowRankLinear factored => LowRank(x, factored.A, factored.B, module.Name),
            ColumnPreservingLinear kept => ColumnPreserving(x, kept),
            PivotedLinear pivoted => Pivoted(x, pivoted),
            _ => throw new InvalidModelException(
                $"Module '{module.Name}' is stored as '{module.Kind}', which ONNX export does not know. "
                    + "Known: dense, low-rank, column-preserving, pivoted; write the model with --dense first."
            ),
        };
        return module.Bias is { } bias ? AddBias(y, module.Name, bias) : y;
    }

    /// <summary>The outputs of dense modules that read the same input, after each other, in one product.</summary>
    public string Packed(string x, IReadOnlyList<LinearModule> modules, string name)
    {
        string y = Product(x, new([.. modules.Select(module => ((DenseLinear)module).Weight)]), name);
        return modules[0].Bias is null ? y : AddBias(y, name, [.. modules.Select(module => module.Bias!)]);
    }

    /// <summary>Whether <see cref="Packed"/> can take these modules: all dense, all or none with a bias.</summary>
    public static bool CanPack(IReadOnlyList<LinearModule> modules) =>
        modules.All(module => module is DenseLinear) && modules.All(module => module.Bias is null == modules[0].Bias is null);

    /// <summary>y [.., m] = x [.., n] Wᵀ; returns the name of y.</summary>
    /// <param name="x">Name of the input.</param>
    /// <param name="weight">W, m × n.</param>
    /// <param name="name">Name for the constant and the node.</param>
    public string Product(string x, WeightRows weight, string name)
    {
        if (Bits is not { } bits)
            return graph.Node(
                "MatMul",
                name + "/MatMul",
                [x, graph.Add(FloatWeights.Transposed(name + ".MatMul.weight", Element, weight))]
            );
        var (integers, scales) = Blocks(weight, name, bits);
        return BlockProduct(x, integers, scales, weight, bits, name);
    }

    /// <summary>Embedding rows of token ids, [batch, sequence, width], from a table that the head shares where it is the same.</summary>
    /// <param name="ids">Name of the ids.</param>
    /// <param name="table">Vocabulary × width.</param>
    /// <param name="name">Name for constant and node.</param>
    /// <param name="shared">The head: makes logits from features through the same constant.</param>
    public string Embedding(string ids, WeightRows table, string name, out Func<string, string, string> shared)
    {
        if (Bits is not { } bits)
        {
            string rows = graph.Add(FloatWeights.Rows(name + ".weight", Element, table));
            shared = (features, head) =>
                graph.Node("MatMul", head + "/MatMul", [features, graph.Node("Transpose", head + "/Transpose", [rows])]);
            return graph.Node("Gather", name + "/Gather", [rows, ids]);
        }
        var (integers, scales) = Blocks(table, name, bits);
        shared = (features, head) => BlockProduct(features, integers, scales, table, bits, head);
        // The table of integers is flat for a lookup and has its blocks as an axis for a product; the bytes are the same.
        string flat = graph.Node(
            "Reshape",
            name + "/Reshape",
            [integers, graph.Integers(table.Rows, BlockWeights.Blocks(table.Columns) * (long)BlockWeights.BlockSize * bits / 8)]
        );
        string words = graph.RuntimeNode(
            "GatherBlockQuantized",
            name + "/GatherBlockQuantized",
            [flat, ids, scales],
            new("bits", bits),
            new("block_size", BlockWeights.BlockSize),
            new("gather_axis", 0L),
            new("quantize_axis", 1L)
        );
        return table.Columns % BlockWeights.BlockSize == 0
            ? words
            : graph.Node("Slice", name + "/Slice", [words, graph.Integers(0), graph.Integers(table.Columns), graph.Integers(-1)]);
    }

    private (string Integers, string Scales) Blocks(WeightRows weight, string name, int bits) =>
        (
            graph.Add(BlockWeights.Integers($"{name}.weight_Q{bits}", weight, bits)),
            graph.Add(BlockWeights.Scales(name + ".weight_scales", weight, bits))
        );

    private string BlockProduct(string x, string integers, string scales, WeightRows weight, int bits, string name) =>
        graph.RuntimeNode(
            "MatMulNBits",
            name + "/MatMulNBits",
            [x, integers, scales],
            new("K", weight.Columns),
            new("N", weight.Rows),
            new("accuracy_level", Int8Activations),
            new("bits", bits),
            new("block_size", BlockWeights.BlockSize)
        );

    private string AddBias(string y, string name, params IReadOnlyList<StoredTensor> bias) =>
        graph.Node("Add", name + "/Add", [y, graph.Add(FloatWeights.Vector(name + ".bias", Element, bias))]);

    private string LowRank(string x, StoredTensor a, StoredTensor b, string name) =>
        Product(Product(x, new(b), name + ".B"), new(a), name + ".A");

    // A product over no rank at all is zero; operators have no such product, so one rank of zeros stands for it.
    private string Zero(string x, LinearModule module)
    {
        var b = StoredTensor.FromSingles(module.Name + ".B", [1, module.InFeatures], new float[module.InFeatures]);
        var a = StoredTensor.FromSingles(module.Name + ".A", [module.OutFeatures, 1], new float[module.OutFeatures]);
        return LowRank(x, a, b, module.Name);
    }

    private string ColumnPreserving(string x, ColumnPreservingLinear module)
    {
        string? kept =
            module.KeptColumns.Length == 0
                ? null
                : Product(Gather(x, module.KeptColumns, module.Name + ".columns"), new(module.C), module.Name + ".C");
        if (module.Rank == 0)
            return kept ?? Zero(x, module);
        string rest = LowRank(Gather(x, module.OtherColumns, module.Name + ".others"), module.A, module.B, module.Name);
        return kept is null ? rest : graph.Node("Add", module.Name + "/Sum", [kept, rest]);
    }

    // Basis rows and mixed rows after each other, then brought into the order of the outputs.
    private string Pivoted(string x, PivotedLinear module)
    {
        string basis = Product(x, new(module.Basis), module.Name + ".basis");
        if (module.OtherRows.Length == 0)
            return basis;
        string mixed = Product(basis, new(module.Mix), module.Name + ".mix");
        string both = graph.Node("Concat", module.Name + "/Concat", [basis, mixed], new OnnxAttribute("axis", -1L));
        int[] places = new int[module.OutFeatures];
        for (int i = 0; i < module.PivotRows.Length; i++)
            places[module.PivotRows[i]] = i;
        for (int i = 0; i < module.OtherRows.Length; i++)
            places[module.OtherRows[i]] = module.PivotRows.Length + i;
        return Gather(both, places, module.Name + ".places");
    }

    private string Gather(string x, ReadOnlySpan<int> indices, string name) =>
        graph.Node(
            "Gather",
            name + "/Gather",
            [x, graph.Add(OnnxInitializer.Indices(name, indices.ToArray()))],
            new OnnxAttribute("axis", -1L)
        );
}
