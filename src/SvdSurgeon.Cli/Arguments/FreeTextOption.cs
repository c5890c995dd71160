using System.CommandLine;

namespace SvdSurgeon.Cli.Arguments;

/// <summary>An option whose value is a text of its own, not a name or number: it may be empty.</summary>
internal sealed class FreeTextOption(string name) : Option<string?>(name);
