namespace SvdSurgeon.Chat.Jinja;

/// <summary>The variable <c>loop</c> of a pass.</summary>
internal static class Loop
{
    /// <summary>Its attributes in pass <paramref name="index"/> over <paramref name="items"/>.</summary>
    public static object Of(List<object?> items, int index)
    {
        long at = index,
            count = items.Count;
        return new OrderedDictionary<object, object?>
        {
            ["index"] = at + 1,
            ["index0"] = at,
            ["revindex"] = count - at,
            ["revindex0"] = count - at - 1,
            ["first"] = index == 0,
            ["last"] = at == count - 1,
            ["length"] = count,
            ["previtem"] = index > 0 ? items[index - 1] : new Undefined("the item before the first"),
            ["nextitem"] = at < count - 1 ? items[index + 1] : new Undefined("the item after the last"),
            ["cycle"] = (Callable)(arguments => arguments.Positional[index % arguments.Positional.Count]),
        };
    }
}
