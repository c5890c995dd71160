namespace SvdSurgeon.Pipeline.Options;

/// <summary>What counts as a sample of the spectral Fisher.</summary>
internal enum FisherSamples
{
    /// <summary>A calibration sequence (the published form); needs many more sequences than ranks.</summary>
    Sequences,

    /// <summary>A token.</summary>
    Tokens,
}
