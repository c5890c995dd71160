using System.CommandLine;
using SvdSurgeon.Evaluation.Tasks;

namespace SvdSurgeon.Cli.Tasks;

/// <summary>The options that name tasks and worked examples, shared by tasks, compare and compress.</summary>
internal sealed class TaskArguments
{
    private readonly string _name;
    private readonly Option<string[]> _tasks;
    private readonly Option<int> _shots;
    private readonly Option<string[]> _shotsFrom;
    private readonly Option<int?> _limit;

    /// <param name="name">The option that names tasks: --task or --eval-task.</param>
    /// <param name="required">The verb is about tasks.</param>
    public TaskArguments(string name = "--task", bool required = false)
    {
        _name = name;
        string prefix = name[2..^4]; // nothing, or eval-
        _tasks = new(name)
        {
            Description =
                $"Tasks as NAME=FILE, JSON lines or Parquet in the hub's layout; NAME is one of {TaskLayouts.Names}. FILE "
                + $"alone where its name or fields tell the task; "
                + "several files of one task are taken together.",
            AllowMultipleArgumentsPerToken = true,
            Required = required,
        };
        _shots = new($"--{prefix}shots") { Description = "Worked examples before every item.", DefaultValueFactory = _ => 0 };
        _shotsFrom = new($"--{prefix}shots-from")
        {
            Description = "File with items of the same layout; its first ones are the examples. With several tasks NAME=FILE for each.",
            AllowMultipleArgumentsPerToken = true,
        };
        _limit = new($"--{prefix}limit") { Description = "The first items of each task only." };
    }

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_tasks, _shots, _shotsFrom, _limit])
            command.Add(option);
    }

    /// <summary>The tasks, read and checked; empty where none is named.</summary>
    /// <exception cref="InvalidInputException">A file cannot be used, or options do not fit together.</exception>
    public IReadOnlyList<TaskSet> Read(ParseResult parsed)
    {
        int shots = parsed.GetValue(_shots);
        int? limit = parsed.GetValue(_limit);
        if (shots < 0)
            throw new InvalidInputException($"{_shots.Name} {shots}: the number of examples must be 0 or more.");
        if (limit is < 1)
            throw new InvalidInputException($"{_limit.Name} {limit}: at least 1 item is needed.");
        List<TaskSource> tasks = [.. (parsed.GetValue(_tasks) ?? []).Select(text => TaskSource.Open(_name, text))];
        string[] from = parsed.GetValue(_shotsFrom) ?? [];
        if (tasks.Count == 0 && (shots > 0 || from.Length > 0 || limit is not null))
            throw new InvalidInputException($"{_shots.Name} and {_limit.Name} say how {_name} is asked; add one.");
        if (shots > 0 && from.Length == 0)
            throw new InvalidInputException($"{_shots.Name} {shots}: say with {_shotsFrom.Name} FILE where the examples come from.");
        if (shots == 0 && from.Length > 0)
            throw new InvalidInputException($"{_shotsFrom.Name}: say with {_shots.Name} N how many examples to take.");
        var groups = tasks.GroupBy(task => task.Layout).ToList();
        return
        [
            .. groups.Select(group =>
                TaskSet.Read(group.Key, [.. group.SelectMany(task => task.Rows)], limit, Examples(group.Key, from, shots, groups.Count))
            ),
        ];
    }

    private List<TaskRow> Examples(ITaskLayout layout, string[] from, int shots, int tasks)
    {
        if (shots == 0)
            return [];
        var sources = from.Where(text => text.StartsWith(layout.Name + "=", StringComparison.Ordinal)).ToList();
        string source =
            sources.Count == 1 ? sources[0][(layout.Name.Length + 1)..]
            : sources.Count == 0 && from.Length == 1 && tasks == 1 ? from[0]
            : throw new InvalidInputException(
                $"{_shotsFrom.Name}: {(sources.Count == 0 ? "no file" : "more than one file")} for {layout.Name}. Write {layout.Name}=FILE."
            );
        var rows = TaskSource.RowsOf(source);
        return rows.Count >= shots
            ? [.. rows.Take(shots)]
            : throw new InvalidInputException($"{source}: {rows.Count} items are fewer than the {shots} examples asked for.");
    }
}
