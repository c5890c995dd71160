using System.CommandLine;
using SvdSurgeon.Cli.Arguments;
using SvdSurgeon.IO;
using SvdSurgeon.Pipeline.Bits;
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
                        string? folder = Path.GetDirectoryName(Path.GetFullPath(file));
                        string results = parsed.GetValue(output) ?? Path.GetFileNameWithoutExtension(file);
                        var json = JsonFile.ReadObject(file);
                        if (BitsRecipe.IsOne(json))
                        {
                            var bits = BitsRecipe.FromJson(json, file);
                            var what = new BitsRun
                            {
                                Model = bits.Model.Path,
                                ModelHash = bits.Model.Hash,
                                ModelPath = parsed.GetValue(model),
                                RecipeFolder = folder,
                                Calibration = bits.Calibration,
                                Evaluation = bits.Evaluation,
                                Options = bits.Options,
                                Output = results,
                            };
                            return run.Execute(parsed, what, cancellation);
                        }
                        var recipe = Recipe.FromJson(json, file);
                        if (recipe.Version != Recipe.ProgramVersion)
                            Console.Error.WriteLine(
                                $"svdsurgeon: {file} was written by version {recipe.Version}, this is {Recipe.ProgramVersion}; the bytes "
                                    + $"may differ."
                            );
                        using var opened = OpenedRecipe.Open(recipe, folder, parsed.GetValue(model));
                        return run.Execute(parsed, opened, results, cancellation);
                    },
                    CancellationToken.None
                )
        );
        return command;
    }
}
