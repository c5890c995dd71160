namespace SvdSurgeon.Calibration;

/// <summary>What a text file is, by its contents.</summary>
internal enum TextForm
{
    /// <summary>UTF-8: one document.</summary>
    PlainText,

    /// <summary>One JSON object with a text per line: a document each.</summary>
    JsonLines,

    /// <summary>A JSON array of objects with a text, or of texts: a document each.</summary>
    JsonArray,

    /// <summary>One JSON object with a text: one document.</summary>
    JsonObject,
}
