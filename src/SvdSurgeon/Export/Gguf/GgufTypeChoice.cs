using SvdSurgeon.Tensors;

namespace SvdSurgeon.Export.Gguf;

/// <summary>Which type each matrix gets: what was asked for, or the nearest one that its rows fit into.</summary>
/// <param name="options">The types asked for.</param>
internal sealed class GgufTypeChoice(ExportOptions options)
{
    private static readonly DType[] s_types =
    [
        DType.F32,
        DType.F16,
        DType.BF16,
        DType.Q8_0,
        DType.Q4_0,
        DType.Q4_1,
        DType.Q5_0,
        DType.Q5_1,
        DType.IQ4_NL,
        DType.Q2_K,
        DType.Q3_K,
        DType.Q4_K,
        DType.Q5_K,
        DType.Q6_K,
        DType.Q2_0,
    ];

    private readonly SortedDictionary<string, int> _replaced = new(StringComparer.Ordinal);

    private bool _newest;

    /// <summary>The words after <c>--type</c>.</summary>
    public static IReadOnlyList<string> Words { get; } = [.. s_types.Select(Word)];

    /// <summary>What did not fit, and what older programs refuse: sentences.</summary>
    public IEnumerable<string> Notes =>
        _replaced
            .Select(entry => $"{entry.Value} {(entry.Value == 1 ? "tensor has" : "tensors have")} {entry.Key}")
            .Concat(_newest ? ["q2_0 is new in llama.cpp in 2026 (LLamaSharp 0.30 has it); older programs refuse the file."] : []);

    /// <summary>The type for a matrix.</summary>
    /// <param name="name">Hugging Face parameter name.</param>
    /// <param name="columns">Numbers per row.</param>
    /// <param name="stored">The type that it is stored in.</param>
    public DType For(string name, int columns, DType stored)
    {
        string? word = options.TensorTypes.LastOrDefault(rule => rule.Matches(name))?.Type ?? options.Type;
        var asked = word is null
            ? (
                stored == DType.F64 ? DType.F32
                : stored.IsInteger() ? DType.Q8_0
                : stored
            )
            : s_types.First(type => Word(type) == word);
        var type = asked;
        while (columns % type.Block().Numbers != 0)
            type = Wider(type);
        _newest |= type == DType.Q2_0;
        if (type != asked)
        {
            string what =
                $"rows of {columns} numbers, no multiple of {asked.Block().Numbers}: stored as {Word(type)} instead of {Word(asked)}.";
            _replaced[what] = _replaced.GetValueOrDefault(what) + 1;
        }
        return type;
    }

    // The next larger type of smaller blocks: llama.cpp's own quantiser takes these where rows are no multiples of 256, and F16 where they
    // are none of 32.
    private static DType Wider(DType type) =>
        type switch
        {
            DType.Q2_K or DType.Q3_K or DType.IQ4_XS or DType.Q2_0 => DType.IQ4_NL,
            DType.Q4_K => DType.Q5_0,
            DType.Q5_K => DType.Q5_1,
            DType.Q6_K => DType.Q8_0,
            _ => DType.F16,
        };

    private static string Word(DType type) => type.ToString().ToLowerInvariant();
}
