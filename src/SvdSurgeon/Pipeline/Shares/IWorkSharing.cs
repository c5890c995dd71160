namespace SvdSurgeon.Pipeline.Shares;

/// <summary>
/// Who makes pieces of work: this process alone, or it and others that run the same recipe on the same work folder. Every expensive loop
/// goes through <see cref="Run"/>; what does not is computed by every process for itself, to the same bytes.
/// </summary>
internal interface IWorkSharing
{
    /// <summary>
    /// Whether other processes work in the same folder: nothing is deleted there then, and what only one may write is left to who started
    /// them.
    /// </summary>
    bool WithOthers { get; }

    /// <summary>Names of the artifacts that were there before; null where what is there when it is asked for tells.</summary>
    IReadOnlySet<string>? Before { get; }

    /// <summary>Notes that an artifact is used.</summary>
    void Use(string artifact);

    /// <summary>Notes that an artifact has served: who started the processes deletes it when all are done.</summary>
    void Discard(string artifact);

    /// <summary>Sees that all pieces are made: returns when the last one is done, whoever makes it.</summary>
    /// <param name="pieces">In the order in which they are begun.</param>
    /// <param name="atOnce">How many one process makes side by side.</param>
    /// <param name="together">Makes some side by side; null for one after the other.</param>
    void Run(IReadOnlyList<Piece> pieces, int atOnce = 1, Action<IReadOnlyList<Piece>>? together = null);

    /// <summary>Refuses other weights than those that all work with.</summary>
    /// <exception cref="InvalidInputException">They are others.</exception>
    void RequireModel(string path, string hash);
}
