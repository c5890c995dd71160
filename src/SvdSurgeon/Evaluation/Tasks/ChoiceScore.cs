namespace SvdSurgeon.Evaluation.Tasks;

/// <summary>What the model says of one continuation.</summary>
/// <param name="LogLikelihood">Natural logarithm of its probability after the context.</param>
/// <param name="IsGreedy">Every token of it is the likeliest one at its place.</param>
internal readonly record struct ChoiceScore(double LogLikelihood, bool IsGreedy);
