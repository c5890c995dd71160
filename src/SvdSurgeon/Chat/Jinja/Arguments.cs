namespace SvdSurgeon.Chat.Jinja;

/// <summary>Arguments of a call, a filter or a test.</summary>
/// <param name="Positional">Those without a name, in order.</param>
/// <param name="Named">Those with one.</param>
internal sealed record Arguments(IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    /// <summary>No arguments.</summary>
    public static readonly Arguments None = new([], new Dictionary<string, object?>());

    /// <summary>The argument at <paramref name="index"/>, or called <paramref name="name"/>, or <paramref name="otherwise"/>.</summary>
    public object? Get(int index, string name, object? otherwise) =>
        index < Positional.Count ? Positional[index]
        : Named.TryGetValue(name, out object? value) ? value
        : otherwise;

    /// <summary>The same, and it has to be there.</summary>
    /// <exception cref="TemplateException">It is not.</exception>
    public object? Require(int index, string name) =>
        index < Positional.Count || Named.ContainsKey(name)
            ? Get(index, name, null)
            : throw new TemplateException($"the argument '{name}' is missing");
}
