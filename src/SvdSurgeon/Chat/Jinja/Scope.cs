namespace SvdSurgeon.Chat.Jinja;

/// <summary>
/// Variables that a piece of a template sees: its own, then those around it. Counts what a rendering does, so that a hostile template ends.
/// </summary>
internal sealed class Scope
{
    private const int MostSteps = 2_000_000,
        MostDepth = 64;

    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);
    private readonly Scope? _outer;
    private readonly int _depth;
    private readonly int[] _steps;

    /// <summary>The outermost scope.</summary>
    public Scope() => _steps = [0];

    private Scope(Scope outer, int depth) => (_outer, _depth, _steps) = (outer, depth, outer._steps);

    /// <summary>A scope inside this one.</summary>
    /// <exception cref="TemplateException">They are nested too deep, as by a macro that calls itself.</exception>
    public Scope Inner(Scope? caller = null)
    {
        int depth = (caller ?? this)._depth + 1;
        return depth <= MostDepth ? new Scope(this, depth) : throw new TemplateException($"it nests more than {MostDepth} scopes");
    }

    /// <summary>Counts a step.</summary>
    /// <exception cref="TemplateException">There were too many.</exception>
    public void Step()
    {
        if (++_steps[0] > MostSteps)
            throw new TemplateException($"it takes more than {MostSteps} steps");
    }

    /// <summary>Sets a variable of this scope.</summary>
    public void Set(string name, object? value) => _values[name] = value;

    /// <summary>The value of a variable; an <see cref="Undefined"/> where there is none.</summary>
    public object? Get(string name)
    {
        for (var scope = this; scope is not null; scope = scope._outer)
            if (scope._values.TryGetValue(name, out object? value))
                return value;
        return new Undefined($"'{name}'");
    }
}
