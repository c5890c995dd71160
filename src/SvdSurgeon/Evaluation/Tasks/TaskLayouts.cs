using SvdSurgeon.Evaluation.Tasks.Layouts;

namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>The tasks that are known. A new one is a file in Layouts and a line here.</summary>
internal static class TaskLayouts
{
    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<ITaskLayout> All =
    [
        new HellaSwagLayout(),
        new ArcLayout("arc_easy"),
        new ArcLayout("arc_challenge"),
        new PiqaLayout(),
        new WinograndeLayout(),
        new BoolQLayout(),
        new OpenBookQaLayout(),
        new MathQaLayout(),
        new MmluLayout(),
        new LambadaLayout(),
        new GenericLayout(),
    ];

    /// <summary>The names, for messages.</summary>
    public static string Names => string.Join(", ", All.Select(layout => layout.Name));

    /// <summary>The layout of that name, or null.</summary>
    public static ITaskLayout? Named(string name) => All.FirstOrDefault(layout => layout.Name == name);

    /// <summary>The layout that a file's name or, failing that, the fields of its first item tell.</summary>
    /// <param name="path">The file.</param>
    /// <param name="first">Its first item.</param>
    /// <exception cref="InvalidInputException">Neither tells it.</exception>
    public static ITaskLayout Guess(string path, TaskRow first)
    {
        string name = Path.GetFileNameWithoutExtension(path).ToLowerInvariant().Replace('-', '_');
        if (All.Where(layout => name.Contains(layout.Name, StringComparison.Ordinal)).MaxBy(layout => layout.Name.Length) is { } named)
            return named;
        var fitting = All.Where(layout => layout.Fields.All(first.Has))
            .GroupBy(layout => layout.Fields.Count)
            .MaxBy(group => group.Key)
            ?.ToList();
        return fitting switch
        {
            [var only] => only,
            null => throw new InvalidInputException(
                $"{path}: neither the file's name nor its fields tell which task it is. Write --task NAME={path} with one of {Names}."
            ),
            _ => throw new InvalidInputException(
                $"{path}: its fields are those of {string.Join(" and ", fitting.Select(layout => layout.Name))}. Write --task "
                    + $"NAME={path} with one of them."
            ),
        };
    }
}
