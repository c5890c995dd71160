using NUnit.Framework;
using SvdSurgeon.Pipeline.Running;

namespace SvdSurgeon.Tests.Pipeline;

public sealed class BackgroundWriteTests
{
    [Test]
    public void One_is_written_after_the_other()
    {
        var order = new List<int>();
        using var writing = new BackgroundWrite();
        using var go = new ManualResetEventSlim();
        writing.Begin(() =>
        {
            go.Wait();
            order.Add(1);
        });
        Assert.That(order, Is.Empty, "the caller goes on while the first is written");
        go.Set();
        writing.Begin(() => order.Add(2));
        writing.Await();
        Assert.That(order, Is.EqualTo([1, 2]));
    }

    [Test]
    public void What_a_write_throws_reaches_the_caller()
    {
        using var writing = new BackgroundWrite();
        writing.Begin(() => throw new NumericalException("not finite"));
        Assert.That(writing.Await, Throws.TypeOf<NumericalException>().With.Message.EqualTo("not finite"));
    }

    [Test]
    public void An_error_elsewhere_waits_for_the_write_and_hides_its_own()
    {
        bool written = false;
        var error = Assert.Throws<InvalidOperationException>(() =>
        {
            using var writing = new BackgroundWrite();
            writing.Begin(() =>
            {
                Thread.Sleep(50);
                written = true;
                throw new NumericalException("the write's");
            });
            throw new InvalidOperationException("the first");
        });
        Assert.That(error!.Message, Is.EqualTo("the first"));
        Assert.That(written, Is.True);
    }
}
