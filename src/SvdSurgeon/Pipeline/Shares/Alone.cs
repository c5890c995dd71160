namespace SvdSurgeon.Pipeline.Shares;

/// <summary>One process does everything.</summary>
/// <param name="before">Names of the artifacts that were there before others worked in the folder; null where nobody did.</param>
internal sealed class Alone(IReadOnlySet<string>? before = null) : IWorkSharing
{
    public bool WithOthers => false;

    public IReadOnlySet<string>? Before { get; } = before;

    public void Run(IReadOnlyList<Piece> pieces, int atOnce = 1, Action<IReadOnlyList<Piece>>? together = null)
    {
        if (together is not null)
            together(pieces);
        else
            foreach (var piece in pieces)
                piece.Make();
    }

    public void Use(string artifact) { }

    public void Discard(string artifact) { }

    public void RequireModel(string path, string hash) { }
}
