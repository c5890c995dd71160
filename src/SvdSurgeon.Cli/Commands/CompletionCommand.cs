using System.CommandLine;
using SvdSurgeon.Cli.Output;

namespace SvdSurgeon.Cli.Commands;

/// <summary>svdsurgeon completion: what a shell needs to complete verbs and options.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _svdsurgeon() {
          local IFS=$'\n'
          COMPREPLY=($(compgen -W "$(svdsurgeon "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _svdsurgeon svdsurgeon
        """;

    private const string Zsh = """
        _svdsurgeon() {
          local -a found
          found=("${(@f)$(svdsurgeon "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
          compadd -a found || _files
        }
        compdef _svdsurgeon svdsurgeon
        """;

    private const string PowerShell = """
        Register-ArgumentCompleter -Native -CommandName svdsurgeon -ScriptBlock {
          param($word, $line, $position)
          svdsurgeon "[suggest:$position]" "$line" 2>$null | ForEach-Object {
            [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
          }
        }
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or pwsh." };
        var command = new Command("completion", "Print a script that lets a shell complete verbs and options.") { shell };
        command.SetAction(parsed =>
        {
            Console.WriteLine(
                parsed.GetRequiredValue(shell) switch
                {
                    "bash" => Bash,
                    "zsh" => Zsh,
                    "pwsh" => PowerShell,
                    var other => throw new InvalidInputException($"completion {other}: unknown shell. Use bash, zsh or pwsh."),
                }
            );
            return ExitCode.Success;
        });
        return command;
    }
}
