using System.Reflection;
using NUnit.Framework;
using SvdSurgeon.Backends;

namespace SvdSurgeon.Tests.Architecture;

/// <summary>What an embedding program sees of the library: a list that changes on purpose only.</summary>
public sealed class PublicSurfaceTests
{
    private const string List = "tests/SvdSurgeon.Tests/Architecture/PublicSurface.txt";

    private static readonly Type[] Types = [.. typeof(ComputeDevice).Assembly.GetExportedTypes().OrderBy(type => type.FullName)];

    [Test]
    public void Types_and_members_are_those_of_the_list()
    {
        string[] actual = [.. Types.SelectMany(Lines)];
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, "PublicSurface.txt");
        File.WriteAllLines(file, actual);
        Assert.That(actual, Is.EqualTo(File.ReadAllLines(Repository.File(List))), $"if it is meant so, copy {file} over {List}");
    }

    [Test]
    public void There_are_few_of_them() => Assert.That(Types, Has.Length.InRange(25, 40));

    [Test]
    public void A_token_that_cancels_is_the_last_parameter_and_has_one_name()
    {
        var methods = Types.SelectMany(type => type.GetMethods()).Where(method => Array.Exists(method.GetParameters(), IsToken)).ToList();
        Assert.That(methods, Is.Not.Empty);
        foreach (var method in methods)
            Assert.That(method.GetParameters()[^1].Name, Is.EqualTo("cancellationToken"), $"{method.DeclaringType}.{method.Name}");

        static bool IsToken(ParameterInfo parameter) => parameter.ParameterType == typeof(CancellationToken);
    }

    private static IEnumerable<string> Lines(Type type)
    {
        yield return type.FullName!;
        var members = type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly);
        // What the compiler writes into every record is no decision.
        foreach (
            string line in members
                .Where(member => member is not MethodInfo { IsSpecialName: true } && !IsOfRecords(member))
                .Select(member => "    " + member)
                .Order(StringComparer.Ordinal)
        )
            yield return line;
    }

    private static bool IsOfRecords(MemberInfo member) =>
        member.Name is "ToString" or "GetHashCode" or "Equals" or "Deconstruct" or "<Clone>$" or "EqualityContract";
}
