using System.Text;

namespace SvdSurgeon.Chat.Jinja.Parsing;

/// <summary>
/// Cuts a template into tokens. White space around tags is dealt with as transformers sets Jinja up: trim_blocks and lstrip_blocks.
/// </summary>
internal sealed class Lexer
{
    private static readonly string[] Operators =
    [
        "==",
        "!=",
        "<=",
        ">=",
        "//",
        "**",
        "+",
        "-",
        "*",
        "/",
        "%",
        "~",
        "<",
        ">",
        "=",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ".",
        ",",
        ":",
        "|",
    ];

    private readonly string _text;
    private readonly List<Token> _tokens = [];
    private int _at;
    private int _line = 1;

    private Lexer(string text) => _text = text;

    /// <summary>The tokens of <paramref name="template"/>, the last of kind <see cref="TokenKind.End"/>.</summary>
    /// <exception cref="TemplateException">A tag or a string is not closed, or a character belongs to no token.</exception>
    public static List<Token> Read(string template)
    {
        string text = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        // Jinja drops one newline at the end.
        var lexer = new Lexer(text.EndsWith('\n') ? text[..^1] : text);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        bool trimStart = false, // the tag before ended in '-'
            trimNewline = false; // the tag before was a block or a comment
        while (true)
        {
            int tag = NextTag();
            string text = _text[_at..tag];
            if (trimStart)
                text = text.TrimStart();
            else if (trimNewline && text.StartsWith('\n'))
                text = text[1..];
            int lines = _text.AsSpan(_at, tag - _at).Count('\n');
            if (tag == _text.Length)
            {
                Add(TokenKind.Text, text);
                _line += lines;
                Add(TokenKind.End, "");
                return;
            }
            char kind = _text[tag + 1];
            char sign = tag + 2 < _text.Length ? _text[tag + 2] : ' ';
            if (sign == '-')
                text = text.TrimEnd();
            else if (sign != '+' && kind != '{')
                text = WithoutIndent(text, tag);
            if (text.Length > 0)
                Add(TokenKind.Text, text);
            _line += lines;
            bool signed = sign == '-' || (sign == '+' && kind != '{'); // '{{+1}}' has a number
            _at = tag + (signed ? 3 : 2);
            (trimStart, trimNewline) = kind switch
            {
                '#' => (Comment(), true),
                '%' when RawEnd() is var end and >= 0 => (Raw(end), true),
                '%' => (Tag(TokenKind.BlockBegin, TokenKind.BlockEnd, "%}", out bool keep), !keep),
                _ => (Tag(TokenKind.PrintBegin, TokenKind.PrintEnd, "}}", out _), false),
            };
        }
    }

    private int NextTag()
    {
        for (int i = _at; i + 1 < _text.Length; i++)
            if (_text[i] == '{' && _text[i + 1] is '{' or '%' or '#')
                return i;
        return _text.Length;
    }

    // Blanks between the beginning of a line and a block or comment.
    private string WithoutIndent(string text, int tag)
    {
        int start = tag;
        while (start > _at && _text[start - 1] is ' ' or '\t')
            start--;
        bool atLineStart = start == 0 || _text[start - 1] == '\n';
        return atLineStart ? text[..Math.Max(0, text.Length - (tag - start))] : text;
    }

    private bool Comment()
    {
        int end = _text.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
            throw Error("a comment is not closed");
        bool trim = end > _at && _text[end - 1] == '-';
        _line += _text.AsSpan(_at, end - _at).Count('\n');
        _at = end + 2;
        return trim;
    }

    // The end of '{% raw %}' when that is what follows.
    private int RawEnd()
    {
        int i = _at;
        while (i < _text.Length && char.IsWhiteSpace(_text[i]))
            i++;
        if (string.CompareOrdinal(_text, i, "raw", 0, 3) != 0)
            return -1;
        for (i += 3; i < _text.Length && (char.IsWhiteSpace(_text[i]) || _text[i] == '-'); i++) { }
        return string.CompareOrdinal(_text, i, "%}", 0, 2) == 0 ? i + 2 : -1;
    }

    private bool Raw(int from)
    {
        int end = _text.IndexOf("endraw", from, StringComparison.Ordinal);
        int open = end < 0 ? -1 : _text.LastIndexOf("{%", end, StringComparison.Ordinal);
        int close = end < 0 ? -1 : _text.IndexOf("%}", end, StringComparison.Ordinal);
        if (open < from || close < 0)
            throw Error("'raw' is not closed");
        Add(TokenKind.Text, _text[from..open]);
        _line += _text.AsSpan(_at, close - _at).Count('\n');
        _at = close + 2;
        return _text[close - 1] == '-';
    }

    // Tokens up to the end of the tag; true when it ends in '-'.
    private bool Tag(TokenKind begin, TokenKind end, string close, out bool keepNewline)
    {
        Add(begin, "");
        int depth = 0;
        while (true)
        {
            while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
                if (_text[_at++] == '\n')
                    _line++;
            if (_at >= _text.Length)
                throw Error("a tag is not closed");
            char c = _text[_at];
            bool signed = c is '-' or '+' && string.CompareOrdinal(_text, _at + 1, close, 0, 2) == 0;
            if (depth == 0 && (signed || string.CompareOrdinal(_text, _at, close, 0, 2) == 0))
            {
                _at += signed ? 3 : 2;
                Add(end, "");
                keepNewline = signed && c == '+';
                return signed && c == '-';
            }
            if (c is '"' or '\'')
                String(c);
            else if (char.IsAsciiDigit(c))
                Number();
            else if (char.IsLetter(c) || c == '_')
                Add(TokenKind.Name, While(c => char.IsLetterOrDigit(c) || c == '_'));
            else
            {
                string found =
                    Array.Find(Operators, op => string.CompareOrdinal(_text, _at, op, 0, op.Length) == 0)
                    ?? throw Error($"'{c}' belongs to no expression");
                depth +=
                    found is "(" or "[" or "{" ? 1
                    : found is ")" or "]" or "}" ? -1
                    : 0;
                Add(TokenKind.Operator, found);
                _at += found.Length;
            }
        }
    }

    private void Number()
    {
        string whole = While(c => char.IsAsciiDigit(c) || c == '_').Replace("_", "", StringComparison.Ordinal);
        if (_at + 1 < _text.Length && _text[_at] == '.' && char.IsAsciiDigit(_text[_at + 1]))
        {
            _at++;
            Add(TokenKind.Float, $"{whole}.{While(char.IsAsciiDigit)}");
        }
        else
            Add(TokenKind.Integer, whole);
    }

    private string While(Func<char, bool> belongs)
    {
        int start = _at;
        while (_at < _text.Length && belongs(_text[_at]))
            _at++;
        return _text[start.._at];
    }

    private void String(char quote)
    {
        var value = new StringBuilder();
        int line = _line;
        for (_at++; ; _at++)
        {
            if (_at >= _text.Length)
                throw Error("a string is not closed");
            char c = _text[_at];
            if (c == quote)
                break;
            if (c == '\n')
                _line++;
            if (c != '\\' || _at + 1 >= _text.Length)
                value.Append(c);
            else
                value.Append(Escape(_text[++_at]));
        }
        _at++;
        _tokens.Add(new Token(TokenKind.String, value.ToString(), line));
    }

    private string Escape(char c)
    {
        int digits = c switch
        {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if (digits > 0)
        {
            string hex = _text.Substring(_at + 1, Math.Min(digits, _text.Length - _at - 1));
            if (
                !int.TryParse(hex, System.Globalization.NumberStyles.AllowHexSpecifier, null, out int code)
                || hex.Length != digits
                || !Rune.IsValid(code)
            )
                throw Error($"'\\{c}{hex}' is no character");
            _at += digits;
            return new Rune(code).ToString();
        }
        return c switch
        {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            'b' => "\b",
            'f' => "\f",
            '0' => "\0",
            '\n' => "",
            '\\' or '\'' or '"' => c.ToString(),
            _ => $"\\{c}", // unknown escapes stay as they are
        };
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new Token(kind, text, _line));

    private TemplateException Error(string what) => new($"line {_line}: {what}");
}
