using NUnit.Framework;
using SvdSurgeon.Backends.Cpu;

namespace SvdSurgeon.Tests.Backends;

public sealed class ThreadTeamTests
{
    [TestCase(1), TestCase(2), TestCase(5)]
    public void Every_item_runs_exactly_once(int threads)
    {
        using var team = new ThreadTeam(threads);
        for (int round = 0; round < 200; round++)
        {
            var counts = new int[round];
            team.Run(round, i => Interlocked.Increment(ref counts[i]));
            Assert.That(counts, Is.All.EqualTo(1));
        }
    }

    [Test]
    public void A_run_begins_with_a_share_of_each_thread_and_one_in_order_with_the_first_items()
    {
        using var team = new ThreadTeam(2);
        Assert.That(FirstOfBoth(team.Run), Is.EquivalentTo(new[] { 0, 5 }));
        Assert.That(FirstOfBoth(team.RunInOrder), Is.EquivalentTo(new[] { 0, 1 }));

        // Nobody goes on before both threads have begun an item.
        static int[] FirstOfBoth(Action<int, Action<int>> run)
        {
            using var both = new Barrier(2);
            var first = new System.Collections.Concurrent.ConcurrentDictionary<int, int>();
            run(
                10,
                item =>
                {
                    if (first.TryAdd(Environment.CurrentManagedThreadId, item))
                        both.SignalAndWait();
                }
            );
            return [.. first.Values];
        }
    }

    [TestCase(1), TestCase(3)]
    public void An_exception_in_an_item_reaches_the_caller_and_the_team_goes_on(int threads)
    {
        using var team = new ThreadTeam(threads);
        var error = Assert.Throws<NumericalException>(() =>
            team.Run(
                20,
                i =>
                {
                    if (i == 7)
                        throw new NumericalException("seven");
                }
            )
        );
        Assert.That(error!.Message, Is.EqualTo("seven"));
        int sum = 0;
        team.Run(10, i => Interlocked.Add(ref sum, i));
        Assert.That(sum, Is.EqualTo(45));
    }

    [Test]
    public void A_run_inside_an_item_is_done_by_the_same_thread()
    {
        using var team = new ThreadTeam(2);
        var same = new bool[8];
        team.Run(
            8,
            i =>
            {
                int outer = Environment.CurrentManagedThreadId;
                bool all = team.ThreadsHere == 1;
                team.Run(4, _ => all &= Environment.CurrentManagedThreadId == outer);
                same[i] = all;
            }
        );
        Assert.That(same, Is.All.True);
    }

    [Test]
    public void Runs_from_several_threads_take_turns()
    {
        using var team = new ThreadTeam(2);
        var sums = new int[4];
        var callers = Enumerable
            .Range(0, 4)
            .Select(c => new Thread(() =>
            {
                for (int round = 0; round < 100; round++)
                    team.Run(10, i => Interlocked.Add(ref sums[c], i));
            }))
            .ToList();
        callers.ForEach(c => c.Start());
        callers.ForEach(c => c.Join());
        Assert.That(sums, Is.All.EqualTo(4500));
    }
}
