using System.Text.Json.Nodes;
using SvdSurgeon.IO;

namespace SvdSurgeon.Pipeline.Options;

/// <summary>A kind of value that an option has: how it stands in JSON and on the command line, and what it may be.</summary>
internal abstract class OptionValue<T>
{
    /// <summary>What it may be, as it follows "must be" in a message and stands in the table of options.</summary>
    public abstract string Range { get; }

    /// <summary>Whether a value that a program has set is one of them.</summary>
    public virtual bool Holds(T value) => true;

    /// <summary>The value of a key.</summary>
    /// <param name="json">The options.</param>
    /// <param name="key">The key.</param>
    /// <param name="options">What was read before.</param>
    /// <param name="otherwise">The value where the key is not there, or null.</param>
    /// <exception cref="InvalidInputException">It is of another kind.</exception>
    public abstract T Read(StrictObject json, string key, CompressionOptions options, T otherwise);

    /// <summary>As it stands in JSON.</summary>
    public abstract JsonNode? Write(T value);

    /// <summary>The value of an option of the command line.</summary>
    /// <exception cref="InvalidInputException">It is of another kind.</exception>
    public abstract T Parse(string option, string text);

    /// <summary>The value in words: on the command line, and in the table of options.</summary>
    public virtual string Text(T value) => Write(value)?.ToString() ?? "none";

    /// <summary>Its part of the recipe's JSON schema.</summary>
    public abstract JsonObject Schema();
}
