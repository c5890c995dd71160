using NUnit.Framework;
using SvdSurgeon.Compare.Tables;

namespace SvdSurgeon.Compare.Tests;

[TestFixture]
public sealed class SamplesTests
{
    [Test]
    public void The_median_is_the_middle_value_whatever_the_order() => Assert.That(Samples.Median([9, 1, 4]), Is.EqualTo(4));

    [Test]
    public void The_median_of_an_even_number_is_the_mean_of_the_middle_two() => Assert.That(Samples.Median([10, 1, 4, 100]), Is.EqualTo(7));

    [Test]
    public void Nothing_has_no_median() => Assert.That(() => Samples.Median([]), Throws.ArgumentException);

    [TestCase(1.0), TestCase(2.5), TestCase(3.0)]
    public void The_exponent_of_a_power_is_found_whatever_its_factor(double power)
    {
        var points = new[] { 3.0, 10, 17 }.Select(size => (size, 0.07 * Math.Pow(size, power))).ToList();
        Assert.That(Samples.Exponent(points), Is.EqualTo(power).Within(1e-12));
    }

    // Slope of least squares through (0, 0), (1, 2), (2, 2) in logarithms to base 2: Σ(x − 1)(y − 4/3) / Σ(x − 1)² = 2 / 2.
    [Test]
    public void The_exponent_of_scattered_times_is_that_of_least_squares() =>
        Assert.That(Samples.Exponent([(1, 1), (2, 4), (4, 4)]), Is.EqualTo(1).Within(1e-12));

    [Test]
    public void One_size_or_no_time_has_no_exponent()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => Samples.Exponent([(2, 1), (2, 3)]), Throws.ArgumentException);
            Assert.That(() => Samples.Exponent([(1, 0), (2, 3)]), Throws.ArgumentException);
        });
    }
}
