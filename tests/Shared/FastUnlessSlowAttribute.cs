using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

[assembly: SvdSurgeon.FastUnlessSlow]

namespace SvdSurgeon;

/// <summary>
/// Of an assembly: every fixture that names no category of its own is Fast. A fixture that takes more than a second or two says
/// <c>[Category("Slow")]</c>; `dotnet test --filter Category=Fast` leaves it out.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class FastUnlessSlowAttribute : NUnit.Framework.NUnitAttribute, IApplyToTest
{
    public void ApplyToTest(Test test)
    {
        if (test is TestFixture && !test.Properties.ContainsKey(PropertyNames.Category))
            test.Properties.Add(PropertyNames.Category, "Fast");
        else
            foreach (var child in test.Tests.OfType<Test>())
                ApplyToTest(child);
    }
}
