namespace SvdSurgeon.Cli.Arguments;

/// <summary>Where results go when nobody says where: into the working directory, under the model's name.</summary>
internal static class OutputName
{
    /// <summary>"tinytales-small" for models/tinytales and for models/tinytales.gguf.</summary>
    public static string For(string model)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(model));
        string name = path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
            ? Path.GetFileNameWithoutExtension(path)
            : Path.GetFileName(path);
        return (name.Length > 0 ? name : "model") + "-small";
    }
}
