namespace SvdSurgeon.Cli.Output;

/// <summary>What svdsurgeon prints when it is called without a word.</summary>
internal static class Overview
{
    /// <summary>The verbs in groups, 80 columns wide.</summary>
    public const string Text = """
        svdsurgeon makes language models fit into less memory, without training.

        Begin        demo                        two small models, every method
                     inspect MODEL               what a model or a folder is
                     plan MODEL --ratio 0.8      sizes, time and memory beforehand
        Compress     compress MODEL              to 4.5 bits, or as options say
                     sweep MODEL --presets ...   methods and sizes in one table
                     run RECIPE                  the same run again, to the same bytes
                     stats, merge, worker        one run on several machines
        Judge        eval MODEL --text FILE      perplexity
                     tasks MODEL --task FILE     multiple choice
                     compare A B --text FILE     two models, token by token
                     bench MODEL                 tokens per second, memory
                     report DIR                  everything on one page
        Use          generate, chat MODEL        text
                     export MODEL --format ...   GGUF, ONNX, Hugging Face
        Other        tokenize, devices, clean DIR, completion bash|zsh|pwsh

        svdsurgeon compress my-model --minutes 20 --calibration text.txt
        svdsurgeon export my-model-small/bits-4.5 --format gguf --out small.gguf

        'svdsurgeon VERB --help' lists a verb's options.
        """;
}
