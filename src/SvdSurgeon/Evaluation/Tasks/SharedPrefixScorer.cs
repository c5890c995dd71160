using SvdSurgeon.Backends;
using SvdSurgeon.Models;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>
/// Scores the ends of token sequences. What all sequences begin with (a task's worked examples) is read once, what the sequences of an
/// item begin with once per item; the rest of an item's sequences is read side by side. Keys and values of what was read stay in a cache.
/// </summary>
/// <remarks>What is shared follows from the sequences alone, not from what was scored before: a resumed run gives the same bits.</remarks>
internal sealed class SharedPrefixScorer : IDisposable
{
    // Logits held at once, 64 MiB.
    private const int LogitsAtOnce = 1 << 24;

    private readonly DecoderModel _model;
    private readonly IBackend _backend;
    private readonly CachedDecoder _decoder;
    private readonly int _prefix;

    /// <summary>Reads what all texts begin with.</summary>
    /// <param name="model">Model.</param>
    /// <param name="backend">Device.</param>
    /// <param name="texts">All that will be scored.</param>
    public SharedPrefixScorer(DecoderModel model, IBackend backend, IReadOnlyList<ScoredText> texts)
    {
        (_model, _backend) = (model, backend);
        _decoder = new CachedDecoder(model, backend, texts.Max(text => text.Input.Length));
        _prefix = Math.Min(CommonLength(texts), texts.Min(text => text.FirstScored));
        if (_prefix > 0)
            _decoder.Advance(texts[0].Input[.._prefix]).Dispose();
        TokensRead = _prefix;
    }

    /// <summary>Tokens that went through the model so far; less than the texts hold, because of what they share.</summary>
    public long TokensRead { get; private set; }

    /// <summary>Scores an item's texts, which were among those given at the start.</summary>
    /// <exception cref="NumericalException">A logit is not finite.</exception>
    public ChoiceScore[] Score(IReadOnlyList<ScoredText> item)
    {
        // Equal texts are scored once: they must not differ in the last bit, for then the first of them would not win.
        List<ScoredText> distinct = [];
        var places = new int[item.Count];
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = distinct.FindIndex(item[i].IsSameAs);
            if (places[i] >= 0)
                continue;
            places[i] = distinct.Count;
            distinct.Add(item[i]);
        }
        var scores = ScoreDistinct(distinct);
        return [.. places.Select(place => scores[place])];
    }

    /// <summary>Frees the cache.</summary>
    public void Dispose() => _decoder.Dispose();

    private ChoiceScore[] ScoreDistinct(List<ScoredText> item)
    {
        int shared = Math.Max(CommonLength(item), _prefix);
        int firstRow = Math.Min(shared, item.Min(text => text.FirstScored));
        List<ScoredText> branches = [.. item.Where(text => text.Input.Length > shared)];
        int length = branches.Count == 0 ? 0 : branches.Max(text => text.Input.Length) - shared;
        _decoder.Rewind(_prefix);
        using var trunk = shared > _prefix ? _decoder.Advance(item[0].Input[_prefix..shared]) : null;
        using var leaves = branches.Count == 0 ? null : _decoder.Branch(Padded(branches, shared, length), branches.Count);
        TokensRead += shared - _prefix + branches.Sum(text => text.Input.Length - shared);

        // The rows that predict a scored token: those of the trunk serve every text, then each branch has its own.
        int ofTrunk = shared - firstRow;
        int Start(ScoredText text) => Math.Max(0, text.FirstScored - shared);
        int rows = ofTrunk + branches.Sum(text => text.Input.Length - shared - Start(text));
        using var hidden = _backend.Allocate(rows, _model.Config.HiddenSize);
        if (ofTrunk > 0)
            _backend.Copy(trunk!.RowRange(firstRow - _prefix, ofTrunk), hidden.RowRange(0, ofTrunk));
        var offsets = new Dictionary<ScoredText, int>(ReferenceEqualityComparer.Instance);
        int next = ofTrunk;
        foreach (var (branch, text) in branches.Index())
        {
            int count = text.Input.Length - shared - Start(text);
            _backend.Copy(leaves!.RowRange(branch * length + Start(text), count), hidden.RowRange(next, count));
            offsets[text] = next - Start(text);
            next += count;
        }
        var targets = new List<(int Row, int Text, int Id)>();
        for (int i = 0; i < item.Count; i++)
        for (int position = item[i].FirstScored; position < item[i].Input.Length; position++)
            targets.Add((position < shared ? position - firstRow : offsets[item[i]] + position - shared, i, item[i].Ids[position + 1]));
        return Scores(hidden, targets, item.Count);
    }

    private ChoiceScore[] Scores(Tensor hidden, List<(int Row, int Text, int Id)> targets, int texts)
    {
        int vocabulary = _model.Config.VocabSize,
            chunk = Math.Clamp(LogitsAtOnce / vocabulary, 1, hidden.Rows);
        var sums = new double[texts];
        var greedy = Enumerable.Repeat(true, texts).ToArray();
        var numbers = new float[chunk * vocabulary];
        using var logits = _backend.Allocate(chunk, vocabulary);
        var byRow = targets.ToLookup(target => target.Row);
        for (int first = 0; first < hidden.Rows; first += chunk)
        {
            int rows = Math.Min(chunk, hidden.Rows - first);
            var part = logits.RowRange(0, rows);
            _model.Logits(_backend, hidden.RowRange(first, rows), part);
            _backend.Download(part, numbers.AsSpan(0, rows * vocabulary));
            for (int row = 0; row < rows; row++)
            {
                var distribution = new LogitRow(numbers.AsSpan(row * vocabulary, vocabulary));
                foreach (var (_, text, id) in byRow[first + row])
                {
                    sums[text] += distribution.LogProbability(id);
                    greedy[text] &= id == distribution.Likeliest;
                }
            }
        }
        return [.. sums.Select((sum, i) => new ChoiceScore(sum, greedy[i]))];
    }

    // Shorter branches are filled up with their own first token: nothing that comes before sees it.
    private static int[] Padded(List<ScoredText> branches, int shared, int length)
    {
        var ids = new int[branches.Count * length];
        for (int i = 0; i < branches.Count; i++)
        {
            var own = branches[i].Input[shared..];
            ids.AsSpan(i * length, length).Fill(own[0]);
            own.CopyTo(ids.AsSpan(i * length));
        }
        return ids;
    }

    // How many ids all inputs have in common at their start.
    private static int CommonLength(IReadOnlyList<ScoredText> texts)
    {
        int common = texts[0].Input.Length;
        foreach (var text in texts)
            common = Math.Min(common, texts[0].Input.CommonPrefixLength(text.Input));
        return common;
    }
}
