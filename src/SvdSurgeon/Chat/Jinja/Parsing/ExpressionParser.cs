using System.Globalization;

namespace SvdSurgeon.Chat.Jinja.Parsing;

/// <summary>
/// Compiles expressions to delegates, by the precedences of Jinja: or, and, not, comparisons, + and -, ~, products, powers, signs, then
/// filters and tests.
/// </summary>
internal sealed class ExpressionParser(TokenReader tokens)
{
    private static readonly HashSet<string> EndOfTest = new(StringComparer.Ordinal) { "else", "or", "and", "is", "in", "not", "if" };

    /// <summary>An expression, with <c>a if b else c</c>.</summary>
    public Expression Read() =>
        tokens.Nested(() =>
        {
            var value = Or();
            while (tokens.TryTake("if"))
            {
                Expression then = value,
                    condition = Or();
                var otherwise = tokens.TryTake("else") ? Read() : _ => new Undefined("the value of an 'if' without 'else'");
                value = scope => Values.IsTrue(condition(scope)) ? then(scope) : otherwise(scope);
            }
            return value;
        });

    /// <summary>
    /// An expression, or several with commas, which make a list; without <c>if</c> where <paramref name="conditional"/> is false.
    /// </summary>
    public Expression ReadTuple(bool conditional = true)
    {
        var first = conditional ? Read() : Or();
        if (!tokens.Next.Is(","))
            return first;
        var items = new List<Expression> { first };
        while (tokens.TryTake(",") && !AtEnd())
            items.Add(conditional ? Read() : Or());
        return List(items);
    }

    private bool AtEnd() =>
        tokens.Next.Kind is TokenKind.BlockEnd or TokenKind.PrintEnd or TokenKind.End || tokens.Next.Is(")") || tokens.Next.Is("=");

    private Expression Or()
    {
        var left = And();
        while (tokens.TryTake("or"))
        {
            Expression a = left,
                b = And();
            left = scope => a(scope) is var value && Values.IsTrue(value) ? value : b(scope);
        }
        return left;
    }

    private Expression And()
    {
        var left = Not();
        while (tokens.TryTake("and"))
        {
            Expression a = left,
                b = Not();
            left = scope => a(scope) is var value && !Values.IsTrue(value) ? value : b(scope);
        }
        return left;
    }

    private Expression Not()
    {
        if (!tokens.TryTake("not"))
            return Comparison();
        var negated = tokens.Nested(Not);
        return scope => !Values.IsTrue(negated(scope));
    }

    // a < b < c is a < b and b < c.
    private Expression Comparison()
    {
        var first = Sum();
        var rest = new List<(string Operator, Expression Operand)>();
        while (true)
        {
            if (tokens.Next.Is("not") && tokens.AfterNext.Is("in"))
            {
                tokens.Take();
                tokens.Take();
                rest.Add(("not in", Sum()));
            }
            else if (tokens.Next is { Kind: TokenKind.Operator, Text: "==" or "!=" or "<" or "<=" or ">" or ">=" } || tokens.Next.Is("in"))
                rest.Add((tokens.Take().Text, Sum()));
            else
                break;
        }
        if (rest.Count == 0)
            return first;
        return scope =>
        {
            object? left = first(scope);
            foreach (var (op, operand) in rest)
            {
                object? right = operand(scope);
                if (!Values.Compare(op, left, right))
                    return false;
                left = right;
            }
            return true;
        };
    }

    private Expression Sum() => Operators(Concatenation, "+", "-");

    private Expression Concatenation() => Operators(Product, "~");

    private Expression Product() => Operators(Power, "*", "/", "//", "%");

    private Expression Power() => Operators(Unary, "**");

    private Expression Operators(Func<Expression> operand, params string[] operators)
    {
        var left = operand();
        while (tokens.Next.Kind == TokenKind.Operator && operators.Contains(tokens.Next.Text))
        {
            string op = tokens.Take().Text;
            Expression a = left,
                b = operand();
            left = scope => Values.Calculate(op, a(scope), b(scope));
        }
        return left;
    }

    private Expression Unary() => FiltersAndTests(Signed());

    // A sign binds closer than a filter: -3 | abs is 3.
    private Expression Signed()
    {
        if (!tokens.Next.Is("-") && !tokens.Next.Is("+"))
            return Postfix(Primary());
        string sign = tokens.Take().Text;
        var operand = tokens.Nested(Signed);
        return scope => Values.Calculate(sign, 0L, operand(scope));
    }

    private Expression Primary()
    {
        var token = tokens.Take();
        switch (token.Kind)
        {
            case TokenKind.String:
                string text = token.Text;
                while (tokens.Next.Kind == TokenKind.String)
                    text += tokens.Take().Text; // neighbours are one
                return _ => text;
            case TokenKind.Integer:
                if (!long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long whole))
                    throw new TemplateException($"line {token.Line}: {token.Text} is too large");
                return _ => whole;
            case TokenKind.Float:
                double number = double.Parse(token.Text, NumberStyles.Float, CultureInfo.InvariantCulture);
                return _ => number;
            case TokenKind.Name:
                return Name(token.Text);
            case TokenKind.Operator when token.Text == "(":
                if (tokens.TryTake(")"))
                    return List([]);
                var inner = ReadTuple();
                tokens.Expect(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return List(Items("]"));
            case TokenKind.Operator when token.Text == "{":
                return Map();
            default:
                throw new TemplateException($"line {token.Line}: a value is expected, not '{token.Text}'");
        }
    }

    private static Expression Name(string name) =>
        name switch
        {
            "true" or "True" => _ => true,
            "false" or "False" => _ => false,
            "none" or "None" => _ => null,
            _ => scope => scope.Get(name),
        };

    private static Expression List(IReadOnlyList<Expression> items) => scope => items.Select(item => item(scope)).ToList();

    private List<Expression> Items(string close)
    {
        var items = new List<Expression>();
        while (!tokens.TryTake(close))
        {
            if (items.Count > 0)
                tokens.Expect(",");
            if (tokens.TryTake(close))
                break;
            items.Add(Read());
        }
        return items;
    }

    private Expression Map()
    {
        var entries = new List<(Expression Key, Expression Value)>();
        while (!tokens.TryTake("}"))
        {
            if (entries.Count > 0)
                tokens.Expect(",");
            if (tokens.TryTake("}"))
                break;
            var key = Read();
            tokens.Expect(":");
            entries.Add((key, Read()));
        }
        return scope =>
        {
            var map = new OrderedDictionary<object, object?>();
            foreach (var (key, value) in entries)
                map[key(scope) ?? throw new TemplateException("none cannot be a key")] = value(scope);
            return map;
        };
    }

    private Expression Postfix(Expression value)
    {
        while (true)
        {
            var of = value;
            if (tokens.TryTake("."))
            {
                string name = tokens.Next.Kind is TokenKind.Name or TokenKind.Integer
                    ? tokens.Take().Text
                    : throw tokens.Unexpected("a name");
                value = scope => Members.Attribute(of(scope), name);
            }
            else if (tokens.TryTake("["))
                value = Subscript(of);
            else if (tokens.TryTake("("))
            {
                var arguments = ReadArguments();
                value = scope => of(scope) is Callable function ? function(arguments(scope)) : throw NotCallable(of(scope));
            }
            else
                return value;
        }
    }

    private static TemplateException NotCallable(object? value) =>
        value is Undefined undefined ? undefined.Error() : new TemplateException($"{Values.TypeName(value)} cannot be called");

    private Expression Subscript(Expression of)
    {
        Expression? start = tokens.Next.Is(":") ? null : Read();
        if (start is not null && tokens.TryTake("]"))
            return scope => Members.Item(of(scope), start(scope));
        tokens.Expect(":");
        Expression? stop = tokens.Next.Is(":") || tokens.Next.Is("]") ? null : Read(),
            step = tokens.TryTake(":") && !tokens.Next.Is("]") ? Read() : null;
        tokens.Expect("]");
        return scope => Members.Slice(of(scope), start?.Invoke(scope), stop?.Invoke(scope), step?.Invoke(scope));
    }

    /// <summary>Arguments after an opening bracket, up to and with the closing one.</summary>
    public Func<Scope, Arguments> ReadArguments()
    {
        var positional = new List<Expression>();
        var named = new List<(string Name, Expression Value)>();
        while (!tokens.TryTake(")"))
        {
            if (positional.Count + named.Count > 0)
                tokens.Expect(",");
            if (tokens.TryTake(")"))
                break;
            if (tokens.Next.Kind == TokenKind.Name && tokens.AfterNext.Is("="))
            {
                string name = tokens.Take().Text;
                tokens.Expect("=");
                named.Add((name, Read()));
            }
            else
                positional.Add(Read());
        }
        return scope =>
        {
            scope.Step();
            return new Arguments(
                [.. positional.Select(value => value(scope))],
                named.ToDictionary(n => n.Name, n => n.Value(scope), StringComparer.Ordinal)
            );
        };
    }

    private Expression FiltersAndTests(Expression value)
    {
        while (true)
        {
            var of = value;
            if (tokens.TryTake("|"))
                value = ReadFilter(of);
            else if (tokens.TryTake("is"))
            {
                bool negated = tokens.TryTake("not");
                var token = tokens.Expect(TokenKind.Name, "a test");
                var test =
                    Tests.Find(token.Text) ?? throw new TemplateException($"line {token.Line}: the test '{token.Text}' is not supported");
                var arguments = TestArguments();
                value = scope => test(of(scope), arguments(scope)) != negated;
            }
            else if (tokens.Next.Is("("))
                value = Postfix(of);
            else
                return value;
        }
    }

    /// <summary>A filter's name and arguments, applied to <paramref name="of"/>.</summary>
    public Expression ReadFilter(Expression of)
    {
        var token = tokens.Expect(TokenKind.Name, "a filter");
        var filter =
            Filters.Find(token.Text) ?? throw new TemplateException($"line {token.Line}: the filter '{token.Text}' is not supported");
        var arguments = tokens.TryTake("(") ? ReadArguments() : _ => Arguments.None;
        return scope => filter(of(scope), arguments(scope));
    }

    // 'is divisibleby 3' has an argument without brackets.
    private Func<Scope, Arguments> TestArguments()
    {
        if (tokens.TryTake("("))
            return ReadArguments();
        bool follows =
            tokens.Next.Kind is TokenKind.Name
                ? !EndOfTest.Contains(tokens.Next.Text)
                : tokens.Next.Kind is TokenKind.String or TokenKind.Integer or TokenKind.Float
                    || tokens.Next.Is("[")
                    || tokens.Next.Is("{");
        if (!follows)
            return _ => Arguments.None;
        var argument = Postfix(Primary());
        return scope => new Arguments([argument(scope)], Arguments.None.Named);
    }
}
