using System.Text.Json.Nodes;
using SvdSurgeon.Quantization;

namespace SvdSurgeon.Pipeline.Bits;

/// <summary>
/// How a linear module is stored: its weight in integers, or two factors A·B, both in integers.
/// </summary>
/// <param name="Bits">Bits of one number.</param>
/// <param name="Group">Columns of the weight, or of B, that share a scale; A has the usual groups.</param>
/// <param name="Rank">Rank of A·B; 0 for the weight itself.</param>
internal readonly record struct ModuleForm(int Bits, int Group, int Rank = 0)
{
    private const string Weight = ".weight",
        Left = ".A",
        Right = ".B";

    // Below the bits of the narrow groups a wider group or a factor is what is left; beyond these bits narrow groups are worth theirs.
    private const int MostWideBits = 3,
        LeastFactorBits = 3,
        MostFactorBits = 4;

    // A rank costs the bytes of the weight in 2 bits at most, and is a multiple of the group, so that A's rows have whole ones.
    private const int Ranks = 4;

    /// <summary>The forms that a module can have, by rising bytes.</summary>
    /// <param name="rows">m.</param>
    /// <param name="columns">n.</param>
    /// <param name="small">Those too that take less than 2 bits in the usual groups.</param>
    /// <returns>None where no group divides the row.</returns>
    public static IReadOnlyList<ModuleForm> Candidates(int rows, int columns, bool small)
    {
        if (IntegerGrid.GroupFor(columns) is not { } group)
            return [];
        var forms = new List<ModuleForm>();
        for (int bits = IntegerGrid.FewestBits; bits <= IntegerGrid.MostBits; bits++)
            forms.Add(new ModuleForm(bits, group));
        if (!small)
            return forms; // by rising bytes already
        int[] wide = [.. new[] { 2, 6 }.Select(times => times * group).Where(size => columns % size == 0)];
        foreach (int size in wide)
            for (int bits = IntegerGrid.FewestBits; bits <= MostWideBits; bits++)
                forms.Add(new ModuleForm(bits, size));
        long most = forms[0].Bytes(rows, columns);
        for (int bits = LeastFactorBits; bits <= MostFactorBits; bits++)
        {
            int step = IntegerGrid.UsualGroup,
                highest = 0;
            while (highest + step < Math.Min(rows, columns) && new ModuleForm(bits, group, highest + step).Bytes(rows, columns) <= most)
                highest += step;
            for (int i = Ranks; i >= 1; i--)
                if (highest * i / Ranks / step * step is > 0 and var rank && !forms.Contains(new ModuleForm(bits, group, rank)))
                    forms.Add(new ModuleForm(bits, group, rank));
        }
        return [.. forms.OrderBy(form => form.Bytes(rows, columns))];
    }

    /// <summary>Grid of the weight, or of B.</summary>
    public IntegerGrid Grid => new(Bits, Group);

    /// <summary>Grid of A.</summary>
    public IntegerGrid LeftGrid => new(Bits, IntegerGrid.UsualGroup);

    /// <summary>Bytes of a module.</summary>
    public long Bytes(int rows, int columns) =>
        Rank == 0 ? Grid.Bytes(rows, columns) : LeftGrid.Bytes(rows, Rank) + Grid.Bytes(Rank, columns);

    /// <summary>The matrices of a module: names of their tensors, sizes and grids; of factors A first.</summary>
    public IReadOnlyList<(string Name, int Rows, int Columns, IntegerGrid Grid)> Matrices(string module, int rows, int columns) =>
        Rank == 0
            ? [(module + Weight, rows, columns, Grid)]
            : [(module + Left, rows, Rank, LeftGrid), (module + Right, Rank, columns, Grid)];

    /// <summary>Name of a tensor's module as quantization_config has it: a weight's without its end, a factor's with it.</summary>
    public static string Target(string tensor) => tensor.EndsWith(Weight, StringComparison.Ordinal) ? tensor[..^Weight.Length] : tensor;

    /// <summary>Names of what may stand in the place of a tensor: itself, or the factors of a weight.</summary>
    public static IReadOnlyList<string> InPlaceOf(string tensor) =>
        tensor.EndsWith(Weight, StringComparison.Ordinal) ? [tensor, Target(tensor) + Left, Target(tensor) + Right] : [tensor];

    /// <summary>For keys and descriptions: the bits alone where nothing else is to say.</summary>
    public JsonNode ToJson(int columns) =>
        Rank == 0 && Group == IntegerGrid.GroupFor(columns)
            ? JsonValue.Create(Bits)
            : new JsonObject
            {
                ["bits"] = Bits,
                ["group"] = Group,
                ["rank"] = Rank,
            };
}
