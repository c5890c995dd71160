using System.Runtime.CompilerServices;

namespace SvdSurgeon.Kernels.Attention;

/// <summary>Sizes of an attention call, as kernels take them. Query i stands at position KeyLength − QueryLength + i.</summary>
public struct AttentionSizes
{
    /// <summary>Queries a sequence.</summary>
    public int QueryLength;

    /// <summary>Keys a sequence.</summary>
    public int KeyLength;

    /// <summary>Query heads.</summary>
    public int Heads;

    /// <summary>Key and value heads; divides Heads.</summary>
    public int KeyValueHeads;

    /// <summary>d.</summary>
    public int HeadDim;

    /// <summary>A query sees this many keys, its own included; 0 for all before it.</summary>
    public int Window;

    /// <summary>Factor of the scores q·k.</summary>
    public float Scale;

    /// <summary>A scaled score s becomes cap · tanh(s / cap); 0 for no cap.</summary>
    public float SoftCap;

    /// <summary>What the softmax reads: the scaled and capped score.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly float Score(float product) => SoftCap == 0f ? product * Scale : SoftCap * KernelMath.Tanh(product * Scale / SoftCap);

    /// <summary>∂<see cref="Score"/>/∂product, from the score.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly float Slope(float score) => SoftCap == 0f ? Scale : Scale * (1f - score / SoftCap * (score / SoftCap));

    /// <summary>True when a query sees a key; both as positions in the sequence of keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool Sees(int query, int key) => key <= query && (Window == 0 || key > query - Window);
}
