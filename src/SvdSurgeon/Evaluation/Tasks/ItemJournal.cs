using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>
/// The items' file, one JSON object per line. Until all are there they stand in a journal beside it, from which a run that was stopped
/// goes on. A journal of another model or other tasks is not used.
/// </summary>
internal sealed class ItemJournal : IDisposable
{
    /// <summary>Suffix of the journal.</summary>
    public const string Suffix = ".journal";

    private readonly string _path;
    private readonly FileStream _stream;
    private readonly List<(string Task, ItemResult Item)> _known = [];

    /// <summary>Opens a journal, or begins one.</summary>
    /// <param name="path">The items' file.</param>
    /// <param name="key">Tells model, tasks and options apart.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public ItemJournal(string path, string key)
    {
        _path = path;
        string journal = path + Suffix;
        List<string> lines = [];
        if (File.Exists(journal) && File.ReadLines(journal).FirstOrDefault() == key)
            foreach (string line in File.ReadLines(journal).Skip(1).TakeWhile(Known))
                lines.Add(line);
        // Without a buffer: what could not be written once is not tried again when the stream is closed.
        _stream = new FileStream(journal, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        Write([key, .. lines]);
    }

    /// <summary>Items of a task that an earlier run has finished.</summary>
    public IEnumerable<ItemResult> Known(string task, int count) =>
        _known.Where(known => known.Task == task && known.Item.Index < count).Select(known => known.Item);

    /// <summary>Adds a finished item.</summary>
    /// <exception cref="IOException">The disk is full; what is written is kept.</exception>
    public void Add(TaskSet task, ItemResult item) => Write([Line(task.Name, task.Metrics, item)]);

    /// <summary>Writes the items' file and removes the journal.</summary>
    /// <exception cref="IOException">The file cannot be written; the journal stays.</exception>
    public void Finish(IEnumerable<TaskResult> results)
    {
        AtomicFile.WriteAllText(
            _path,
            string.Concat(results.SelectMany(result => result.Items.Select(item => Line(result.Task, result.Metrics, item) + "\n")))
        );
        _stream.Dispose();
        File.Delete(_path + Suffix);
    }

    /// <summary>Closes the journal, which stays.</summary>
    public void Dispose() => _stream.Dispose();

    private static string Line(string task, TaskMetrics metrics, ItemResult item) => JsonText.Compact(item.ToJson(task, metrics)).TrimEnd();

    private void Write(IEnumerable<string> lines)
    {
        try
        {
            foreach (string line in lines)
                _stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
        }
        catch (IOException e)
        {
            throw new IOException(
                $"{_path}: the items could not be written ({DiskSpace.Reason(e, _path)}). "
                    + "Free space there and give the same command again: it goes on with the items that are missing.",
                e
            );
        }
    }

    // A kill may have cut the last line.
    private bool Known(string line)
    {
        try
        {
            if (JsonNode.Parse(line) is not JsonObject json)
                return false;
            _known.Add(((string)json["task"]!, ItemResult.FromJson(json)));
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or FormatException)
        {
            return false;
        }
    }
}
