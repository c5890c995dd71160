using System.CommandLine;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.Pipeline.Options;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon run: repeats what a recipe says.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("recipe")
        {
            Description =
                "Recipe file, such as the recipe.json of an output folder; relative paths in it start at the working directory, else at "
                + "the recipe's folder.",
        };
        var output = new Option<string?>("--out")
        {
            Description = "Folder for the results. Default: the recipe's name without its extension, in the working directory.",
        };
        var model = new Option<string?>("--model") { Description = "Where the model is, if it is not where the recipe says." };
        var run = new RunArguments();
        var command = new Command("run", "Repeat the run that a recipe describes, to the same bytes.") { path, output, model };
        run.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.Run(
                    () =>
                    {
                        string file = parsed.GetRequiredValue(path);
                        var recipe = Recipe.Read(file);
                        if (recipe.Version != Recipe.ProgramVersion)
                            Console.Error.WriteLine(
                                $"svdsurgeon: {file} was written by version {recipe.Version}, this is {Recipe.ProgramVersion}; the bytes "
                                    + $"may differ."
                            );
                        using var opened = OpenedRecipe.Open(recipe, Path.GetDirectoryName(Path.GetFullPath(file)), parsed.GetValue(model));
                        return run.Execute(parsed, opened, parsed.GetValue(output) ?? Path.GetFileNameWithoutExtension(file), cancellation);
                    },
                    CancellationToken.None
                )
        );
        return command;
    }
}
