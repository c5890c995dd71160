namespace SvdSurgeon.Backends;

/// <summary>What a pass over a model holds at once on the device, at the least.</summary>
/// <param name="ActivationBytes">Activations between forward and backward.</param>
/// <param name="LargestWeight">Numbers of the largest weight matrix, which is widened where it is used.</param>
/// <param name="Tokens">Tokens that go through together.</param>
internal readonly record struct MemoryNeed(long ActivationBytes, long LargestWeight, long Tokens);
