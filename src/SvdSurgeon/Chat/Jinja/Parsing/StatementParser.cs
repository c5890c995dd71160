using System.Text;

namespace SvdSurgeon.Chat.Jinja.Parsing;

/// <summary>
/// Compiles the blocks of a template: text, printing, if, for, set, macro, filter, and transformers' own <c>generation</c>.
/// </summary>
internal sealed class StatementParser
{
    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;

    private StatementParser(List<Token> tokens)
    {
        _tokens = new TokenReader(tokens);
        _expressions = new ExpressionParser(_tokens);
    }

    /// <summary>The statement that a whole template is.</summary>
    /// <exception cref="TemplateException">It cannot be read, or uses something that is not supported.</exception>
    public static Statement Read(List<Token> tokens)
    {
        var parser = new StatementParser(tokens);
        var body = parser.Body();
        return parser._tokens.Next.Kind == TokenKind.End ? body : throw parser._tokens.Unexpected("a statement");
    }

    // Statements up to a block that begins with one of these words, which is left to be read: '{%' is taken, the word is not.
    private Statement Body(params string[] until)
    {
        var statements = new List<Statement>();
        while (_tokens.Next.Kind != TokenKind.End)
        {
            var token = _tokens.Take();
            switch (token.Kind)
            {
                case TokenKind.Text:
                    string text = token.Text;
                    statements.Add((_, output) => Print(output, text));
                    break;
                case TokenKind.PrintBegin:
                    var value = _expressions.ReadTuple();
                    _tokens.Expect(TokenKind.PrintEnd, "'}}'");
                    statements.Add((scope, output) => Print(output, ValueText.Of(value(scope))));
                    break;
                case TokenKind.BlockBegin when until.Contains(_tokens.Next.Text):
                    return Sequence(statements);
                case TokenKind.BlockBegin:
                    statements.Add(_tokens.Nested(Block));
                    break;
                default:
                    throw new TemplateException($"line {token.Line}: '{token.Text}' is not expected");
            }
        }
        return until.Length == 0 ? Sequence(statements) : throw _tokens.Unexpected($"'{until[^1]}'");
    }

    private static Flow Print(StringBuilder output, string text)
    {
        const int most = 1 << 24;
        if (output.Length + text.Length > most)
            throw new TemplateException($"it prints more than {most} characters");
        output.Append(text);
        return Flow.Next;
    }

    private static Statement Sequence(List<Statement> statements) =>
        (scope, output) =>
        {
            foreach (var statement in statements)
            {
                scope.Step();
                if (statement(scope, output) is not Flow.Next and var flow)
                    return flow;
            }
            return Flow.Next;
        };

    private Statement Block()
    {
        var word = _tokens.Expect(TokenKind.Name, "a statement");
        switch (word.Text)
        {
            case "if":
                return If();
            case "for":
                return For();
            case "set":
                return Set();
            case "macro":
                return Macro();
            case "filter":
                return Filter();
            case "generation":
                Close();
                return End(Body("endgeneration"));
            case "break" or "continue":
                Close();
                var flow = word.Text == "break" ? Flow.Break : Flow.Continue;
                return (_, _) => flow;
            default:
                throw new TemplateException($"line {word.Line}: the statement '{word.Text}' is not supported");
        }
    }

    private void Close() => _tokens.Expect(TokenKind.BlockEnd, "'%}'");

    // After a body: the word that ends it, and the end of its tag.
    private Statement End(Statement body)
    {
        _tokens.Take();
        Close();
        return body;
    }

    private Statement If()
    {
        var condition = _expressions.ReadTuple();
        Close();
        var then = Body("elif", "else", "endif");
        Statement otherwise = (_, _) => Flow.Next;
        if (_tokens.TryTake("elif"))
            otherwise = _tokens.Nested(If);
        else if (_tokens.TryTake("else"))
        {
            Close();
            otherwise = End(Body("endif"));
        }
        else
            End(then);
        return (scope, output) => Values.IsTrue(condition(scope)) ? then(scope, output) : otherwise(scope, output);
    }

    private Statement For()
    {
        var targets = new List<string>();
        bool bracket = _tokens.TryTake("(");
        do targets.Add(_tokens.Expect(TokenKind.Name, "a name").Text);
        while (_tokens.TryTake(","));
        if (bracket)
            _tokens.Expect(")");
        _tokens.Expect("in");
        var items = _expressions.ReadTuple(conditional: false);
        var condition = _tokens.TryTake("if") ? _expressions.Read() : null;
        if (_tokens.Next.Is("recursive"))
            throw new TemplateException($"line {_tokens.Next.Line}: recursive loops are not supported");
        Close();
        var body = Body("else", "endfor");
        Statement otherwise = (_, _) => Flow.Next;
        if (_tokens.TryTake("else"))
        {
            Close();
            otherwise = Body("endfor");
        }
        End(body);
        return (scope, output) =>
        {
            var list = Values.Iterate(items(scope)).ToList();
            if (condition is not null)
                list = list.Where(item => Values.IsTrue(condition(Bind(scope, targets, item)))).ToList();
            for (int i = 0; i < list.Count; i++)
            {
                scope.Step();
                var inner = Bind(scope, targets, list[i]);
                inner.Set("loop", Loop.Of(list, i));
                if (body(inner, output) == Flow.Break)
                    break;
            }
            return list.Count == 0 ? otherwise(scope, output) : Flow.Next;
        };
    }

    private static Scope Bind(Scope scope, List<string> targets, object? item)
    {
        var inner = scope.Inner();
        Assign(inner, targets, item);
        return inner;
    }

    private static void Assign(Scope scope, List<string> targets, object? value)
    {
        if (targets.Count == 1)
        {
            scope.Set(targets[0], value);
            return;
        }
        var parts = Values.Iterate(value).ToList();
        if (parts.Count != targets.Count)
            throw new TemplateException($"{parts.Count} values are given for {targets.Count} names");
        for (int i = 0; i < parts.Count; i++)
            scope.Set(targets[i], parts[i]);
    }

    private Statement Set()
    {
        string name = _tokens.Expect(TokenKind.Name, "a name").Text;
        if (_tokens.TryTake("."))
        {
            string attribute = _tokens.Expect(TokenKind.Name, "a name").Text;
            _tokens.Expect("=");
            var value = _expressions.ReadTuple();
            Close();
            return (scope, _) =>
            {
                if (scope.Get(name) is not Namespace space)
                    throw new TemplateException($"'{name}' is no namespace; only the attributes of one can be set");
                space.Values[attribute] = value(scope);
                return Flow.Next;
            };
        }
        var targets = new List<string> { name };
        while (_tokens.TryTake(","))
            targets.Add(_tokens.Expect(TokenKind.Name, "a name").Text);
        if (_tokens.TryTake("="))
        {
            var value = _expressions.ReadTuple();
            Close();
            return (scope, _) =>
            {
                Assign(scope, targets, value(scope));
                return Flow.Next;
            };
        }
        // {% set x %}…{% endset %}
        var filters = new List<Func<Expression, Expression>>();
        Expression printed = scope => scope.Get("");
        while (_tokens.TryTake("|"))
            printed = _expressions.ReadFilter(printed);
        Close();
        var body = End(Body("endset"));
        return (scope, _) =>
        {
            scope.Set(name, Capture(body, scope, printed));
            return Flow.Next;
        };
    }

    private Statement Filter()
    {
        var filtered = _expressions.ReadFilter(scope => scope.Get(""));
        while (_tokens.TryTake("|"))
            filtered = _expressions.ReadFilter(filtered);
        Close();
        var body = End(Body("endfilter"));
        return (scope, output) => Print(output, ValueText.Of(Capture(body, scope, filtered)));
    }

    // What a body prints goes through filters under the name "", which no template can write.
    private static object? Capture(Statement body, Scope scope, Expression filtered)
    {
        var text = new StringBuilder();
        var inner = scope.Inner();
        body(inner, text);
        inner.Set("", text.ToString());
        return filtered(inner);
    }

    private Statement Macro()
    {
        string name = _tokens.Expect(TokenKind.Name, "a name").Text;
        _tokens.Expect("(");
        var parameters = new List<(string Name, Expression? Default)>();
        while (!_tokens.TryTake(")"))
        {
            if (parameters.Count > 0)
                _tokens.Expect(",");
            string parameter = _tokens.Expect(TokenKind.Name, "a name").Text;
            parameters.Add((parameter, _tokens.TryTake("=") ? _expressions.Read() : null));
        }
        Close();
        var body = End(Body("endmacro"));
        return (scope, _) =>
        {
            int depth = 0;
            scope.Set(
                name,
                (Callable)(
                    arguments =>
                    {
                        if (++depth > MostCalls)
                            throw new TemplateException($"the macro '{name}' calls itself more than {MostCalls} times");
                        var inner = scope.Inner();
                        for (int i = 0; i < parameters.Count; i++)
                            inner.Set(
                                parameters[i].Name,
                                arguments.Get(
                                    i,
                                    parameters[i].Name,
                                    parameters[i].Default?.Invoke(inner) ?? new Undefined($"'{parameters[i].Name}'")
                                )
                            );
                        var text = new StringBuilder();
                        body(inner, text);
                        depth--;
                        return text.ToString();
                    }
                )
            );
            return Flow.Next;
        };
    }

    private const int MostCalls = 50;
}
