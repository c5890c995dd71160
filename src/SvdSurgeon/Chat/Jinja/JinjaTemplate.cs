using System.Globalization;
using System.Text;
using SvdSurgeon.Chat.Jinja.Parsing;

namespace SvdSurgeon.Chat.Jinja;

/// <summary>
/// A template in the part of Jinja that chat templates use, set up as transformers does (trim_blocks, lstrip_blocks, loop controls):
/// if, for, set, macro, filters, tests, methods of strings and mappings, namespace, range, raise_exception, strftime_now.
/// </summary>
/// <remarks>
/// A template comes with a model and may be hostile: it can reach nothing but its variables, and its steps, depth and output are bounded.
/// </remarks>
internal sealed class JinjaTemplate
{
    private const long MostItems = 1 << 20;
    private readonly Statement _body;

    private JinjaTemplate(Statement body) => _body = body;

    /// <summary>Compiles a template.</summary>
    /// <exception cref="TemplateException">It is malformed, or uses something that is not supported; names the line.</exception>
    public static JinjaTemplate Parse(string text) => new(StatementParser.Read(Lexer.Read(text)));

    /// <summary>What the template prints.</summary>
    /// <param name="variables">By name; of the kinds that <see cref="Values"/> lists.</param>
    /// <param name="now">What strftime_now tells.</param>
    /// <exception cref="TemplateException">It fails, or refuses its input by raise_exception.</exception>
    public string Render(IEnumerable<KeyValuePair<string, object?>> variables, DateTime now)
    {
        var scope = new Scope();
        scope.Set("range", (Callable)Range);
        scope.Set("namespace", (Callable)Space);
        scope.Set("dict", (Callable)(a => Map(a)));
        scope.Set("raise_exception", (Callable)(a => throw new TemplateException(ValueText.Of(a.Require(0, "message")), byTemplate: true)));
        scope.Set("strftime_now", (Callable)(a => Time(now, Values.AsString(a.Require(0, "format")))));
        foreach (var (name, value) in variables)
            scope.Set(name, value);
        var output = new StringBuilder();
        // Macros are set in a scope inside, so that they see these.
        _body(scope.Inner(), output);
        return output.ToString();
    }

    private static object Range(Arguments arguments)
    {
        long[] bounds = [.. arguments.Positional.Select(Values.AsInteger)];
        var (start, stop, step) = bounds switch
        {
            [var to] => (0L, to, 1L),
            [var from, var to] => (from, to, 1L),
            [var from, var to, not 0 and var by] => (from, to, by),
            _ => throw new TemplateException("'range' needs one to three whole numbers, the third not 0"),
        };
        var items = new List<object?>();
        for (long i = start; step > 0 ? i < stop : i > stop; i += step)
        {
            if (items.Count >= MostItems)
                throw new TemplateException($"'range' of more than {MostItems} items");
            items.Add(i);
        }
        return items;
    }

    private static object Space(Arguments arguments)
    {
        var space = new Namespace();
        foreach (object? given in arguments.Positional)
            if (given is OrderedDictionary<object, object?> map)
                foreach (var (key, value) in map)
                    space.Values[ValueText.Of(key)] = value;
        foreach (var (name, value) in arguments.Named)
            space.Values[name] = value;
        return space;
    }

    private static OrderedDictionary<object, object?> Map(Arguments arguments)
    {
        var map = new OrderedDictionary<object, object?>();
        foreach (object? given in arguments.Positional)
            if (given is OrderedDictionary<object, object?> other)
                foreach (var (key, value) in other)
                    map[key] = value;
        foreach (var (name, value) in arguments.Named)
            map[name] = value;
        return map;
    }

    // Python's strftime, its codes for numbers and English names.
    private static string Time(DateTime now, string format)
    {
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }
            string code = format[++i] switch
            {
                'd' => "dd",
                'm' => "MM",
                'y' => "yy",
                'Y' => "yyyy",
                'b' => "MMM",
                'B' => "MMMM",
                'a' => "ddd",
                'A' => "dddd",
                'H' => "HH",
                'I' => "hh",
                'M' => "mm",
                'S' => "ss",
                'p' => "tt",
                '%' => "'%'",
                _ => throw new TemplateException($"the code '%{format[i]}' of a time is not supported"),
            };
            text.Append(now.ToString(code, CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }
}
