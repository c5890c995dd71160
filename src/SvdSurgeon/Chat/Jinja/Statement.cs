using System.Text;

namespace SvdSurgeon.Chat.Jinja;

/// <summary>A compiled piece of a template: appends what it prints.</summary>
internal delegate Flow Statement(Scope scope, StringBuilder output);
