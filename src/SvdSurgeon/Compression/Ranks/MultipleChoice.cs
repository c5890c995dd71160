namespace SvdSurgeon.Compression.Ranks;

/// <summary>
/// Exact solver of: choose one option a module so that the total cost stays within a budget and the total loss is least. Relax it by a
/// price λ on every unit of cost, which decides nearly all modules; then a dynamic programme over the options that the relaxation cannot
/// rule out, states kept at their true cost (no rounding to units), so that the traceback is exact and the budget never exceeded.
/// </summary>
internal sealed class MultipleChoice
{
    /// <summary>Work of the dynamic programme, in transitions; beyond it the least promising states are given up.</summary>
    private const long MaxTransitions = 1_000_000;

    /// <summary>
    /// Options of one module that the dynamic programme follows, those with the lowest priced loss; a module with every rank as an option
    /// has thousands.
    /// </summary>
    private const int MaxOptions = 16;

    private readonly IReadOnlyList<Options> _modules;
    private readonly long _budget;
    private readonly int[][] _hulls;
    private double _price;

    /// <summary>Costs and losses of one module's options, in ascending order of cost.</summary>
    internal readonly record struct Options(long[] Costs, double[] Losses);

    /// <param name="Choice">Option of each module.</param>
    /// <param name="Cost">Total.</param>
    /// <param name="Loss">Total.</param>
    /// <param name="LowerBound">No choice within the budget has a lower loss than this.</param>
    /// <param name="Exact">The choice is proven to be the best.</param>
    internal sealed record Solution(int[] Choice, long Cost, double Loss, double LowerBound, bool Exact);

    private MultipleChoice(IReadOnlyList<Options> modules, long budget)
    {
        (_modules, _budget) = (modules, budget);
        _hulls = new int[modules.Count][];
        for (int i = 0; i < modules.Count; i++)
            _hulls[i] = LowerHull(modules[i]);
    }

    /// <param name="modules">At least one option each.</param>
    /// <param name="budget">Largest total cost.</param>
    /// <param name="goodEnough">Stops without the dynamic programme when the relaxation is within the loss of this much cost.</param>
    /// <returns>Null when even the cheapest options exceed the budget.</returns>
    public static Solution? Solve(IReadOnlyList<Options> modules, long budget, long goodEnough = 0) =>
        new MultipleChoice(modules, budget).Solve(goodEnough);

    private Solution? Solve(long goodEnough)
    {
        var start = new int[_modules.Count];
        long cheapest = 0;
        for (int i = 0; i < start.Length; i++)
        {
            start[i] = _hulls[i][0];
            cheapest += _modules[i].Costs[start[i]];
        }
        if (cheapest > _budget)
            return null;

        var best = Relax(start);
        double bound = LowerBound();
        double gap = best.Loss - bound;
        // Sums of many losses agree only to rounding.
        double rounding = 1e-12 * (Math.Abs(best.Loss) + Math.Abs(bound));
        if (gap <= rounding)
            return best with { LowerBound = bound, Exact = true };
        if (gap <= _price * goodEnough)
            return best with { LowerBound = bound };
        return Search(best, bound);
    }

    // Walks along the hulls, always the step with the largest fall of loss per cost; the first step that does not fit sets the price λ.
    private Solution Relax(int[] start)
    {
        var steps = new List<(double Slope, int Module, int Index)>();
        for (int i = 0; i < _hulls.Length; i++)
        for (int h = 1; h < _hulls[i].Length; h++)
            steps.Add((Slope(i, _hulls[i][h - 1], _hulls[i][h]), i, h));
        steps.Sort(
            (a, b) =>
                a.Slope != b.Slope ? a.Slope.CompareTo(b.Slope)
                : a.Module != b.Module ? a.Module.CompareTo(b.Module)
                : a.Index.CompareTo(b.Index)
        );

        var choice = (int[])start.Clone();
        int breaking = Walk(choice, steps, 0, skip: false);
        if (breaking == steps.Count)
            return Evaluate(choice);
        _price = -steps[breaking].Slope;

        // Either the step is left out and others fill the room, or it is taken and the least useful earlier ones are given back.
        var with = (int[])choice.Clone();
        Walk(choice, steps, breaking + 1, skip: true);
        var without = Fill(choice);

        var (_, broken, upper) = steps[breaking];
        with[broken] = _hulls[broken][upper];
        long excess = Cost(with) - _budget;
        int first = breaking;
        while (excess > 0 && --first >= 0)
        {
            var (_, module, index) = steps[first];
            if (module == broken)
                continue;
            int back = _hulls[module][index - 1];
            excess -= _modules[module].Costs[with[module]] - _modules[module].Costs[back];
            with[module] = back;
        }
        if (excess > 0)
            return without;
        Walk(with, steps, first + 1, skip: true);
        var alternative = Fill(with);
        return alternative.Loss < without.Loss ? alternative : without;
    }

    // Takes steps in order while they fit, and stops at the first that does not or, with skip, goes on to those that do. Returns where it
    // stopped.
    private int Walk(int[] choice, List<(double Slope, int Module, int Index)> steps, int from, bool skip)
    {
        long room = _budget - Cost(choice);
        for (int s = from; s < steps.Count; s++)
        {
            var (_, module, index) = steps[s];
            var hull = _hulls[module];
            if (choice[module] != hull[index - 1])
                continue;
            long cost = _modules[module].Costs[hull[index]] - _modules[module].Costs[hull[index - 1]];
            if (cost <= room)
            {
                choice[module] = hull[index];
                room -= cost;
            }
            else if (!skip)
                return s;
        }
        return steps.Count;
    }

    // Spends what is left of the budget, each time on the option that lowers the loss most.
    private Solution Fill(int[] choice)
    {
        long room = _budget - Cost(choice);
        while (true)
        {
            var (gain, module, option) = (0.0, -1, -1);
            for (int i = 0; i < choice.Length; i++)
            {
                var (costs, losses) = _modules[i];
                for (int j = LastWithin(costs, costs[choice[i]] + room); j >= 0 && costs[j] > costs[choice[i]]; j--)
                    if (losses[choice[i]] - losses[j] > gain)
                        (gain, module, option) = (losses[choice[i]] - losses[j], i, j);
            }
            if (module < 0)
                return Evaluate(choice);
            room -= _modules[module].Costs[option] - _modules[module].Costs[choice[module]];
            choice[module] = option;
        }
    }

    // The Lagrangian bound Σ_i min_j (loss + λ·cost) − λ·budget.
    private double LowerBound()
    {
        double bound = -_price * _budget;
        for (int i = 0; i < _modules.Count; i++)
            bound += LeastPriced(i);
        return bound;
    }

    private Solution Search(Solution incumbent, double bound)
    {
        int count = _modules.Count;
        double gap = incumbent.Loss - bound + 1e-12 * (Math.Abs(incumbent.Loss) + Math.Abs(bound));
        var options = new int[count][];
        var leastCostAfter = new long[count + 1];
        long transitions = 0;
        bool exact = true;
        for (int i = count - 1; i >= 0; i--)
        {
            double least = LeastPriced(i);
            var (costs, losses) = _modules[i];
            options[i] = [.. Enumerable.Range(0, costs.Length).Where(j => losses[j] + _price * costs[j] - least <= gap)];
            if (options[i].Length > MaxOptions)
            {
                exact = false;
                options[i] = [.. options[i].OrderBy(j => losses[j] + _price * costs[j]).Take(MaxOptions)];
            }
            leastCostAfter[i] = leastCostAfter[i + 1] + options[i].Min(j => costs[j]);
            transitions += options[i].Length;
        }
        int maxStates = (int)Math.Clamp(MaxTransitions / Math.Max(transitions, 1), 16, 1_000_000);

        var layers = new List<State>[count];
        var current = new List<State> { new(0, 0, 0, -1, -1) };
        for (int i = 0; i < count; i++)
        {
            double least = LeastPriced(i);
            var (costs, losses) = _modules[i];
            var next = new List<State>();
            for (int s = 0; s < current.Count; s++)
                foreach (int j in options[i])
                {
                    long cost = current[s].Cost + costs[j];
                    // How far this state already is above the bound; nothing that follows can lower it.
                    double excess = current[s].Excess + (losses[j] + _price * costs[j] - least);
                    if (cost + leastCostAfter[i + 1] <= _budget && excess <= gap)
                        next.Add(new State(cost, current[s].Loss + losses[j], excess, s, j));
                }
            current = Undominated(next);
            if (current.Count > maxStates)
            {
                exact = false;
                current = Undominated([.. current.OrderBy(s => s.Excess).Take(maxStates)]);
            }
            if (current.Count == 0)
                return incumbent with { LowerBound = exact ? incumbent.Loss : bound, Exact = exact };
            layers[i] = current;
        }

        // Undominated states fall in loss as they rise in cost: the last is the best.
        var choice = new int[count];
        for (int i = count - 1, s = current.Count - 1; i >= 0; i--)
        {
            choice[i] = layers[i][s].Option;
            s = layers[i][s].Parent;
        }
        var found = Evaluate(choice);
        var best = found.Loss < incumbent.Loss ? found : incumbent;
        return best with { LowerBound = exact ? best.Loss : bound, Exact = exact };
    }

    private readonly record struct State(long Cost, double Loss, double Excess, int Parent, int Option);

    private static List<State> Undominated(List<State> states)
    {
        states.Sort(
            (a, b) =>
                a.Cost != b.Cost ? a.Cost.CompareTo(b.Cost)
                : a.Loss != b.Loss ? a.Loss.CompareTo(b.Loss)
                : a.Parent != b.Parent ? a.Parent.CompareTo(b.Parent)
                : a.Option.CompareTo(b.Option)
        );
        var kept = new List<State>();
        foreach (var state in states)
            if (kept.Count == 0 || state.Loss < kept[^1].Loss)
                kept.Add(state);
        return kept;
    }

    private double LeastPriced(int module)
    {
        var (costs, losses) = _modules[module];
        double least = double.PositiveInfinity;
        foreach (int j in _hulls[module])
            least = Math.Min(least, losses[j] + _price * costs[j]);
        return least;
    }

    private double Slope(int module, int from, int to)
    {
        var (costs, losses) = _modules[module];
        return (losses[to] - losses[from]) / (costs[to] - costs[from]);
    }

    private long Cost(int[] choice)
    {
        long cost = 0;
        for (int i = 0; i < choice.Length; i++)
            cost += _modules[i].Costs[choice[i]];
        return cost;
    }

    private Solution Evaluate(int[] choice)
    {
        double loss = 0;
        for (int i = 0; i < choice.Length; i++)
            loss += _modules[i].Losses[choice[i]];
        return new Solution(choice, Cost(choice), loss, double.NegativeInfinity, false);
    }

    // Last option whose cost is at most the limit.
    private static int LastWithin(long[] costs, long limit)
    {
        int low = 0,
            high = costs.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (costs[middle] <= limit)
                low = middle + 1;
            else
                high = middle;
        }
        return low - 1;
    }

    // Options that are the best for some price, from the cheapest on: convex and falling.
    private static int[] LowerHull(Options options)
    {
        var (costs, losses) = options;
        var hull = new List<int>();
        for (int j = 0; j < costs.Length; j++)
        {
            if (hull.Count > 0 && losses[j] >= losses[hull[^1]])
                continue;
            if (hull.Count > 0 && costs[j] == costs[hull[^1]])
                hull.RemoveAt(hull.Count - 1);
            while (hull.Count > 1 && Above(hull[^2], hull[^1], j))
                hull.RemoveAt(hull.Count - 1);
            hull.Add(j);
        }
        return [.. hull];

        bool Above(int a, int middle, int b) =>
            (losses[middle] - losses[a]) * (costs[b] - costs[a]) >= (losses[b] - losses[a]) * (costs[middle] - costs[a]);
    }
}
