namespace SvdSurgeon.Architectures;

/// <summary>Everything that the forward pass of a decoder needs to know besides its weights.</summary>
internal sealed record DecoderConfig
{
    /// <summary>Hugging Face model_type, such as opt or qwen3; it says which family the model belongs to.</summary>
    public required string ModelType { get; init; }

    /// <summary>Words.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Decoder layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Width of a head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Longest sequence.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>ε of the norms.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>MLP activation.</summary>
    public required Activation Activation { get; init; }

    /// <summary>The head is the embedding.</summary>
    public required bool TieWordEmbeddings { get; init; }

    /// <summary>Projections of attention have biases (q, k, v; and the output where <see cref="AttentionOutputBias"/>).</summary>
    public bool AttentionBias { get; init; }

    /// <summary>The output projection has a bias.</summary>
    public bool AttentionOutputBias { get; init; }

    /// <summary>The MLP has biases.</summary>
    public bool MlpBias { get; init; }

    /// <summary>q and k of each head pass an RMS norm.</summary>
    public bool QueryKeyNorm { get; init; }

    /// <summary>Base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>Scaling of the rotary frequencies.</summary>
    public RopeScaling RopeScaling { get; init; } = RopeScaling.None;

    /// <summary>The first so many numbers of a head turn with the position; 0 for all.</summary>
    public int RotaryDim { get; init; }

    /// <summary>Base of the rotary frequencies in layers with a sliding window, which are not scaled; 0 for the same as in the
    /// others.</summary>
    public double WindowRopeTheta { get; init; }

    /// <summary>Layers without rotary positions.</summary>
    public IReadOnlyList<int> LayersWithoutRotary { get; init; } = [];

    /// <summary>Factor of attention's scores; 0 for 1/√head width.</summary>
    public float AttentionScale { get; init; }

    /// <summary>Attention's scores s become cap · tanh(s / cap); 0 for no cap.</summary>
    public float AttentionSoftCap { get; init; }

    /// <summary>Logits z become cap · tanh(z / cap); 0 for no cap.</summary>
    public float LogitSoftCap { get; init; }

    /// <summary>Factor of the logits, before their cap.</summary>
    public float LogitScale { get; init; } = 1;

    /// <summary>Factor of the embeddings.</summary>
    public float EmbeddingScale { get; init; } = 1;

    /// <summary>Factor of what attention and MLP add to the residual stream.</summary>
    public float ResidualScale { get; init; } = 1;

    /// <summary>Attention and MLP read the same residual stream.</summary>
    public bool ParallelResidual { get; init; }

    /// <summary>Sliding window of every layer (0: none); empty when no layer has one.</summary>
    public IReadOnlyList<int> Windows { get; init; } = [];

    /// <summary>OPT: norms stand before attention and MLP (false: after, as in OPT-350m).</summary>
    public bool PreNorm { get; init; } = true;

    /// <summary>OPT: norms have weight and bias.</summary>
    public bool AffineNorms { get; init; } = true;

    /// <summary>OPT: a norm follows the last layer.</summary>
    public bool FinalNorm { get; init; } = true;

    /// <summary>OPT: width of the embedding; project_in and project_out exist where it differs from <see cref="HiddenSize"/>.</summary>
    public int WordEmbeddingDim { get; init; }

    /// <summary>Token that starts a text, or −1.</summary>
    public int BosTokenId { get; init; } = -1;

    /// <summary>Tokens that end a text.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Sliding window of layer <paramref name="layer"/>, 0 for none.</summary>
    public int Window(int layer) => Windows.Count == 0 ? 0 : Windows[layer];
}
