namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>Replaces spaces by ▁, and puts one before a text that does not begin with one.</summary>
internal sealed record Metaspace(char Space, PrependScheme Prepend)
{
    public string Apply(ReadOnlySpan<char> text, bool atStart)
    {
        var replaced = text.ToString().Replace(' ', Space);
        var prepend = (Prepend == PrependScheme.Always || (Prepend == PrependScheme.First && atStart)) && !replaced.StartsWith(Space);
        return prepend && replaced.Length > 0 ? Space + replaced : replaced;
    }
}
