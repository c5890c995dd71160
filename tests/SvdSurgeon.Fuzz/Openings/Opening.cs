namespace SvdSurgeon.Fuzz.Openings;

/// <summary>One way in for bytes from outside: a format, and what the library does with a file of it.</summary>
/// <param name="Name">The format, and the folder of its corpus.</param>
/// <param name="Place">Where the bytes are put, below the folder of the opening, such as model/config.json. Several: the same bytes under
/// each name.</param>
/// <param name="Open">Opens them; gets the folder.</param>
internal sealed record Opening(string Name, IReadOnlyList<string> Place, Action<string> Open)
{
    /// <summary>The fixture whose files lie beside the bytes, chosen by the bytes; null for none.</summary>
    public Func<ReadOnlySpan<byte>, string?> Fixture { get; init; } = _ => null;
}
