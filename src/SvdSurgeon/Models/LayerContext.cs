namespace SvdSurgeon.Models;

/// <summary>Which tokens a layer is called with.</summary>
/// <param name="Sequences">B.</param>
/// <param name="SequenceLength">T; the hidden state has B·T rows.</param>
/// <param name="Start">Position of the first token: 0, or the length of the cache.</param>
/// <param name="Cache">Keys and values of the tokens before Start, or null; with a cache there is no backward pass. One sequence is added
/// to it. Several are branches, each of which goes on from Start by itself; what they leave in the cache behind Start is of no use.</param>
/// <param name="Until">The forward pass ends once a visitor has seen the input of these modules, and leaves the hidden state unfinished;
/// null for the whole layer.</param>
internal readonly record struct LayerContext(
    int Sequences,
    int SequenceLength,
    int Start = 0,
    LayerCache? Cache = null,
    InputGroup? Until = null
)
{
    /// <summary>B·T.</summary>
    public int Tokens => Sequences * SequenceLength;
}
