using System.Globalization;

namespace SvdSurgeon.Tokenization.Splitting;

/// <summary>Reads Oniguruma's expressions part by part.</summary>
internal sealed class PatternReader
{
    private const int DeepestSet = 16;
    private readonly int[] _pattern;
    private int _at;

    private PatternReader(string pattern) => _pattern = [.. pattern.EnumerateRunes().Select(rune => rune.Value)];

    /// <summary>The parts of an expression.</summary>
    /// <exception cref="ArgumentException">It is damaged, or uses what is not supported.</exception>
    public static IReadOnlyList<PatternPart> Read(string pattern)
    {
        var reader = new PatternReader(pattern);
        var parts = new List<PatternPart>();
        while (reader._at < reader._pattern.Length)
            parts.Add(reader.Next());
        return parts;
    }

    private PatternPart Next()
    {
        switch (_pattern[_at])
        {
            case '\\':
                return Escape();
            case '[':
                return new PatternPart(PatternPartKind.Atom, "", Set(0));
            case '(':
                return GroupStart();
            case ')':
                _at++;
                return new PatternPart(PatternPartKind.Close, ")");
            case '*' or '+' or '?' or '{':
                return Quantifier();
            case '.' or '^' or '$' or '|':
                return new PatternPart(PatternPartKind.Atom, Text(_at, ++_at));
            default:
                return PatternPart.Of(_pattern[_at++]);
        }
    }

    private PatternPart Quantifier()
    {
        var start = _at;
        var isCount = _pattern[_at] == '{';
        _at = isCount ? IndexOf('}') + 1 : _at + 1;
        if (_at == 0)
            throw new ArgumentException("a { has no }.");
        var text = Text(start, _at);
        if (_at < _pattern.Length && _pattern[_at] == '?')
            return new PatternPart(PatternPartKind.Quantifier, text + Text(_at, ++_at));
        if (_at >= _pattern.Length || _pattern[_at] != '+' || isCount)
            return new PatternPart(PatternPartKind.Quantifier, text);
        _at++;
        return new PatternPart(PatternPartKind.PossessiveQuantifier, text);
    }

    private PatternPart GroupStart()
    {
        var start = _at++;
        if (_at >= _pattern.Length || _pattern[_at] != '?')
            return new PatternPart(PatternPartKind.Open, "(");
        while (_at < _pattern.Length && _pattern[_at] is not (':' or '=' or '!' or '>' or ')'))
            _at++;
        if (_at >= _pattern.Length)
            throw new ArgumentException("a ( has no ).");
        var setsOptions = _pattern[_at] == ')'; // (?i)
        return new PatternPart(setsOptions ? PatternPartKind.Atom : PatternPartKind.Open, Text(start, ++_at));
    }

    private PatternPart Escape() =>
        EscapedCharacter(inSet: false) is { } character
            ? PatternPart.Of(character)
            : new PatternPart(PatternPartKind.Atom, EscapedClass(inSet: false));

    private CharacterSet Set(int depth)
    {
        if (depth > DeepestSet)
            throw new ArgumentException("its sets are too deep.");
        _at++;
        var isNegated = Peek(0) == '^';
        if (isNegated)
            _at++;
        var set = new CharacterSet { IsNegated = isNegated };
        for (var first = true; _at < _pattern.Length; first = false)
        {
            if (_pattern[_at] == ']' && !first)
            {
                _at++;
                return set;
            }
            if (_pattern[_at] == '&' && Peek(1) == '&')
            {
                _at++; // the second & stands where a set has its [
                set.Intersected = Set(depth + 1); // all that follows, up to the end of both
                return set;
            }
            if (_pattern[_at] == '[')
                set.Nested.Add(NestedSet(depth));
            else
                ReadItem(set);
        }
        throw new ArgumentException("a [ has no ].");
    }

    private CharacterSet NestedSet(int depth) =>
        Peek(1) != ':' ? Set(depth + 1) : throw new ArgumentException("classes such as [:alpha:] are not supported.");

    private void ReadItem(CharacterSet set)
    {
        if (Character() is not { } first)
        {
            set.Classes.Add(EscapedClass(inSet: true));
            return;
        }
        var last = first;
        if (Peek(0) == '-' && Peek(1) is not (-1 or ']' or '['))
        {
            _at++;
            // a class after the - makes it a character like any other
            if (Character() is { } end)
                last = end;
            else
                set.Ranges.Add(('-', '-'));
        }
        if (last < first)
            throw new ArgumentException("a range ends before it begins.");
        set.Ranges.Add((first, last));
    }

    // The character in a set, escaped or not; null for a class.
    private int? Character() => _pattern[_at] == '\\' ? EscapedCharacter(inSet: true) : _pattern[_at++];

    // The character that an escape stands for; null, and nothing is read, where it is a class or an anchor.
    private int? EscapedCharacter(bool inSet)
    {
        var escape = Peek(1);
        if (escape < 0)
            throw new ArgumentException("the pattern ends in a backslash.");
        if (escape is 'x' or 'u')
            return HexadecimalCharacter(escape);
        int? character = escape switch
        {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'f' => '\f',
            'v' => '\v',
            'a' => '\a',
            'e' => '\e',
            '0' => '\0',
            'b' when inSet => '\b',
            <= 'z' when char.IsAsciiLetterOrDigit((char)escape) => null,
            _ => escape,
        };
        if (character is not null)
            _at += 2;
        return character;
    }

    // \x41, \x{1F600}, \u0041
    private int HexadecimalCharacter(int escape)
    {
        var braced = escape == 'x' && Peek(2) == '{';
        var start = _at + (braced ? 3 : 2);
        var end = braced ? IndexOf('}') : Math.Min(start + (escape == 'x' ? 2 : 4), _pattern.Length);
        if (
            end < 0
            || !int.TryParse(Text(start, end), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var character)
            || character > 0x10FFFF
        )
            throw new ArgumentException("an escape \\x or \\u is not followed by the number of a character.");
        _at = braced ? end + 1 : end;
        return character;
    }

    // Classes and anchors that .NET writes alike, or nearly.
    private string EscapedClass(bool inSet)
    {
        var start = _at;
        var escape = (char)Peek(1);
        _at += 2;
        if (escape is 's' or 'S' or 'd' or 'D' or 'w' or 'W')
            return $"\\{escape}";
        if (!inSet && (escape is 'b' or 'B' or 'A' or 'z' or 'Z' or 'G' || char.IsAsciiDigit(escape)))
            return $"\\{escape}";
        if (escape is not ('p' or 'P'))
            throw new ArgumentException($"the escape \\{escape} is not supported.");
        var end = IndexOf('}');
        if (end < 0 || Peek(0) != '{')
            throw new ArgumentException("a \\p{ has no }.");
        _at = end + 1;
        var name = Text(start + 3, end);
        var isNegated = name.StartsWith('^');
        return $"\\{(isNegated == (escape == 'p') ? 'P' : 'p')}{{{name.TrimStart('^')}}}";
    }

    private int Peek(int ahead) => _at + ahead < _pattern.Length ? _pattern[_at + ahead] : -1;

    private int IndexOf(char character) => Array.IndexOf(_pattern, character, Math.Min(_at, _pattern.Length));

    private string Text(int start, int end) => string.Concat(_pattern[start..end].Select(char.ConvertFromUtf32));
}
