using System.Globalization;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats;

/// <summary>Remembers which tensors of a checkpoint a model was made of, so that none is left out without a word.</summary>
internal sealed class UsedTensors
{
    private const int Named = 3;
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    /// <summary>The model is made of this tensor.</summary>
    public void Add(string name) => _used.Add(name);

    /// <summary>Sentences about the tensors that are part of nothing.</summary>
    /// <param name="tensors">All tensors.</param>
    /// <param name="layers">Layers that the configuration has.</param>
    /// <param name="path">The model, for messages.</param>
    /// <exception cref="InvalidModelException">They belong to something that changes the others.</exception>
    public IEnumerable<string> Unused(IReadOnlyDictionary<string, StoredTensor> tensors, int layers, string path)
    {
        var unused = tensors.Values.Where(tensor => !_used.Contains(tensor.Name)).ToList();
        if (unused.Find(tensor => tensor.Name.Contains("lora_A", StringComparison.Ordinal)) is { } adapter)
            throw new InvalidModelException(
                $"{adapter.Source}: '{adapter.Name}' belongs to a LoRA adapter, which is not applied here. Merge it into the weights "
                    + $"first (peft: merge_and_unload)."
            );
        var beyond = unused.Where(tensor => LayerOf(tensor.Name) >= layers).ToList();
        if (beyond.Count > 0)
            yield return $"{path}: the files hold layers up to number {beyond.Max(tensor => LayerOf(tensor.Name)) + 1}, the "
                + $"configuration has {layers}; "
                + $"{beyond.Count} tensors of the others are not used ({Names(beyond)}).";
        var others = unused.Except(beyond).ToList();
        if (others.Count > 0)
            yield return $"{path}: {others.Count} tensor{(others.Count == 1 ? " belongs" : "s belong")} to nothing that models of this "
                + $"kind have, and "
                + $"{(others.Count == 1 ? "is" : "are")} not used: {Names(others)}. If the model needs "
                + $"{(others.Count == 1 ? "it" : "them")}, the results are wrong.";
    }

    private static string Names(List<StoredTensor> tensors) =>
        string.Join(", ", tensors.Take(Named).Select(tensor => tensor.Name)) + (tensors.Count > Named ? ", …" : "");

    // The number in model.layers.3.mlp…; −1 where there is none.
    private static int LayerOf(string name) =>
        name.Split('.')
            .Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1)
            .FirstOrDefault(number => number >= 0, -1);
}
