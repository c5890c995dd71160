namespace SvdSurgeon.Chat.Jinja;

/// <summary>The tests of Jinja that chat templates use.</summary>
internal static class Tests
{
    /// <summary>The test called <paramref name="name"/>; null where it is not supported.</summary>
    public static Test? Find(string name) =>
        name switch
        {
            "defined" => (v, _) => v is not Undefined,
            "undefined" => (v, _) => v is Undefined,
            "none" => (v, _) => v is null,
            "boolean" => (v, _) => v is bool,
            "true" => (v, _) => v is true,
            "false" => (v, _) => v is false,
            "integer" => (v, _) => v is long,
            "float" => (v, _) => v is double,
            "number" => (v, _) => v is long or double or bool,
            "string" => (v, _) => v is string,
            "mapping" => (v, _) => v is OrderedDictionary<object, object?>,
            "sequence" or "iterable" => (v, _) => v is string or List<object?> or OrderedDictionary<object, object?> or Undefined,
            "callable" => (v, _) => v is Callable,
            "odd" => (v, _) => Values.AsInteger(v) % 2 != 0,
            "even" => (v, _) => Values.AsInteger(v) % 2 == 0,
            "divisibleby" => (v, a) => Values.AsInteger(Values.Calculate("%", v, a.Require(0, "num"))) == 0,
            "lower" => (v, _) => ValueText.Of(v) is var text && text == text.ToLowerInvariant(),
            "upper" => (v, _) => ValueText.Of(v) is var text && text == text.ToUpperInvariant(),
            "in" => (v, a) => Values.Compare("in", v, a.Require(0, "seq")),
            "eq" or "equalto" or "==" => (v, a) => Values.AreEqual(v, a.Require(0, "other")),
            "ne" or "!=" => (v, a) => !Values.AreEqual(v, a.Require(0, "other")),
            "lt" or "lessthan" or "<" => (v, a) => Values.Order(v, a.Require(0, "other")) < 0,
            "le" or "<=" => (v, a) => Values.Order(v, a.Require(0, "other")) <= 0,
            "gt" or "greaterthan" or ">" => (v, a) => Values.Order(v, a.Require(0, "other")) > 0,
            "ge" or ">=" => (v, a) => Values.Order(v, a.Require(0, "other")) >= 0,
            "sameas" => (v, a) =>
                a.Require(0, "other") is var other && (ReferenceEquals(v, other) || (v is bool && Values.AreEqual(v, other))),
            _ => null,
        };
}
