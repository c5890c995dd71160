using System.IO.Enumeration;

namespace SvdSurgeon.Export;

/// <summary>A type for the tensors whose name matches.</summary>
/// <param name="Pattern">Part of a Hugging Face parameter name; or, with * or ?, a pattern for the whole name.</param>
/// <param name="Type">One of the format's types.</param>
internal sealed record TensorTypeRule(string Pattern, string Type)
{
    /// <summary>Reads <c>PATTERN=TYPE</c>.</summary>
    /// <exception cref="InvalidInputException">It is not of that form.</exception>
    public static TensorTypeRule Parse(string text) =>
        text.LastIndexOf('=') is > 0 and var at && at < text.Length - 1
            ? new TensorTypeRule(text[..at], text[(at + 1)..])
            : throw new InvalidInputException(
                $"--tensor-type {text}: give PATTERN=TYPE, such as v_proj=q6_k or *.embed_tokens.weight=q8_0."
            );

    /// <summary>True where the rule is about the tensor called <paramref name="name"/>.</summary>
    internal bool Matches(string name) =>
        Pattern.AsSpan().ContainsAny('*', '?')
            ? FileSystemName.MatchesSimpleExpression(Pattern, name, ignoreCase: false)
            : name.Contains(Pattern, StringComparison.Ordinal);
}
