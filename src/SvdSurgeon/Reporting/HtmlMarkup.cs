using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace SvdSurgeon.Reporting;

/// <summary>
/// HtmlMarkup under construction, well-formed as XML as well. What stands in an interpolated hole is escaped, and numbers are written
/// without regard to the reader's language; only <see cref="HtmlMarkup"/> itself is taken as it is.
/// </summary>
internal sealed class HtmlMarkup
{
    private readonly StringBuilder _text = new();

    /// <summary>Appends markup with escaped holes.</summary>
    public HtmlMarkup Add([InterpolatedStringHandlerArgument("")] ref Holes holes) => this;

    /// <summary>Appends a whole line.</summary>
    public HtmlMarkup Line([InterpolatedStringHandlerArgument("")] ref Holes holes)
    {
        _text.Append('\n');
        return this;
    }

    /// <summary>Appends other markup.</summary>
    public HtmlMarkup Add(HtmlMarkup other)
    {
        _text.Append(other._text);
        return this;
    }

    /// <summary>A module's name, which a narrow screen breaks after its dots.</summary>
    public static HtmlMarkup Name(string name)
    {
        var markup = new HtmlMarkup();
        string[] parts = name.Split('.');
        for (int i = 0; i < parts.Length; i++)
        {
            if (i > 0)
                markup.Add($".<wbr/>");
            markup.Add($"{parts[i]}");
        }
        return markup;
    }

    /// <summary>Text that is markup already: styles and scripts of this program.</summary>
    public HtmlMarkup Raw(string markup)
    {
        _text.Append(markup);
        return this;
    }

    public override string ToString() => _text.ToString();

    /// <summary>The parts of an interpolated string: literals are markup, holes are text.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct Holes(int literalLength, int holes, HtmlMarkup markup)
    {
        public void AppendLiteral(string literal) => markup._text.Append(literal);

        public void AppendFormatted(string? text) => Escape(markup._text, text ?? "");

        public void AppendFormatted(HtmlMarkup other) => markup.Add(other);

        public void AppendFormatted<T>(T value)
            where T : IFormattable => Escape(markup._text, value.ToString(null, CultureInfo.InvariantCulture));

        public void AppendFormatted<T>(T value, string format)
            where T : IFormattable => Escape(markup._text, value.ToString(format, CultureInfo.InvariantCulture));

        /// <summary>Expected by the compiler.</summary>
        public int Length => literalLength + holes;

        private static void Escape(StringBuilder to, string text)
        {
            foreach (char c in text)
                _ = c switch
                {
                    '&' => to.Append("&amp;"),
                    '<' => to.Append("&lt;"),
                    '>' => to.Append("&gt;"),
                    '"' => to.Append("&quot;"),
                    '\'' => to.Append("&#39;"),
                    // no control character but line ends and tabs is allowed in XML
                    < ' ' when c is not ('\n' or '\t') => to.Append('\uFFFD'),
                    _ => to.Append(c),
                };
        }
    }
}
