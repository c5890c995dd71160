using NUnit.Framework;
using SvdSurgeon.Pipeline;

namespace SvdSurgeon.Tests.Pipeline;

internal sealed class BackgroundWriteTests
{
    [Test]
    public void OneIsWrittenAfterTheOther()
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
    public void WhatAWriteThrowsReachesTheCaller()
    {
        using var writing = new BackgroundWrite();
        writing.Begin(() => throw new NumericalException("not finite"));
        Assert.That(writing.Await, Throws.TypeOf<NumericalException>().With.Message.EqualTo("not finite"));
    }

    [Test]
    public void AnErrorElsewhereWaitsForTheWriteAndHidesItsOwn()
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
