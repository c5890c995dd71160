using System.Text.Json.Nodes;
using SvdSurgeon.Export;

namespace SvdSurgeon.Cli.Output;

/// <summary>The result of export as a person or a program reads it.</summary>
internal static class ExportView
{
    /// <summary>Files and sizes, what to know, where it runs and the command for it.</summary>
    public static void Print(ExportResult result)
    {
        foreach (var file in result.Files)
            Console.WriteLine($"{file.Path}  {Bytes.Text(file.Bytes)}");
        foreach (string note in result.Notes)
            Console.Error.WriteLine($"svdsurgeon: note: {note}");
        Console.WriteLine($"Runs in {result.RunsIn}: {result.Command}");
    }

    /// <summary>The same as one object.</summary>
    public static JsonObject ToJson(ExportResult result) =>
        new()
        {
            ["format"] = result.Format,
            ["bytes"] = result.Bytes,
            ["files"] = new JsonArray([.. result.Files.Select(file => new JsonObject { ["path"] = file.Path, ["bytes"] = file.Bytes })]),
            ["runs_in"] = result.RunsIn,
            ["command"] = result.Command,
            ["notes"] = new JsonArray([.. result.Notes.Select(note => JsonValue.Create(note))]),
            ["warnings"] = InputWarnings.Json(result.Warnings),
        };
}
