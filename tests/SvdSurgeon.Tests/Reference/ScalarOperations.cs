using SvdSurgeon.Backends;

namespace SvdSurgeon.Tests.Reference;

/// <summary>Every operation of the models and its backward in plain float64 loops: what the fast kernels are checked against.</summary>
internal static class ScalarOperations
{
    // y = (x − mean) r ∘ w + b, r = 1/sqrt(var + ε)
    public static double[] LayerNorm(double[] x, double[]? w, double[]? b, double epsilon, int n)
    {
        var y = new double[x.Length];
        for (int t = 0; t < x.Length; t += n)
        {
            var (mean, r) = Moments(x, t, n, epsilon);
            for (int j = 0; j < n; j++)
                y[t + j] = (x[t + j] - mean) * r * (w?[j] ?? 1) + (b?[j] ?? 0);
        }
        return y;
    }

    public static double[] LayerNormBackward(double[] dy, double[] x, double[]? w, double epsilon, int n)
    {
        var dx = new double[x.Length];
        for (int t = 0; t < x.Length; t += n)
        {
            var (mean, r) = Moments(x, t, n, epsilon);
            double sum = 0,
                dot = 0;
            for (int j = 0; j < n; j++)
            {
                double g = dy[t + j] * (w?[j] ?? 1);
                sum += g;
                dot += g * (x[t + j] - mean) * r;
            }
            for (int j = 0; j < n; j++)
                dx[t + j] = r * (dy[t + j] * (w?[j] ?? 1) - sum / n - (x[t + j] - mean) * r * dot / n);
        }
        return dx;
    }

    private static (double Mean, double R) Moments(double[] x, int at, int n, double epsilon)
    {
        double mean = 0,
            variance = 0;
        for (int j = 0; j < n; j++)
            mean += x[at + j] / n;
        for (int j = 0; j < n; j++)
            variance += (x[at + j] - mean) * (x[at + j] - mean) / n;
        return (mean, 1 / Math.Sqrt(variance + epsilon));
    }

    // y = x r ∘ w, r = 1/sqrt(mean x² + ε)
    public static double[] RmsNorm(double[] x, double[] w, double epsilon, int n)
    {
        var y = new double[x.Length];
        for (int t = 0; t < x.Length; t += n)
        {
            double r = InverseRms(x, t, n, epsilon);
            for (int j = 0; j < n; j++)
                y[t + j] = x[t + j] * r * w[j];
        }
        return y;
    }

    public static double[] RmsNormBackward(double[] dy, double[] x, double[] w, double epsilon, int n)
    {
        var dx = new double[x.Length];
        for (int t = 0; t < x.Length; t += n)
        {
            double r = InverseRms(x, t, n, epsilon),
                dot = 0;
            for (int j = 0; j < n; j++)
                dot += x[t + j] * w[j] * dy[t + j];
            for (int j = 0; j < n; j++)
                dx[t + j] = r * w[j] * dy[t + j] - r * r * r / n * x[t + j] * dot;
        }
        return dx;
    }

    private static double InverseRms(double[] x, int at, int n, double epsilon)
    {
        double squares = 0;
        for (int j = 0; j < n; j++)
            squares += x[at + j] * x[at + j];
        return 1 / Math.Sqrt(squares / n + epsilon);
    }

    // (a, b) → (a cos − b sin, b cos + a sin) with a, b the halves of a head; the backward pass is the inverse rotation
    public static double[] Rope(double[] x, int headDim, double[] frequencies, int columns, int sequenceLength, int start, bool inverse)
    {
        var y = x.ToArray();
        int half = frequencies.Length;
        for (int row = 0; row < x.Length / columns; row++)
        for (int head = 0; head < columns; head += headDim)
        for (int i = 0; i < half; i++)
        {
            double angle = (start + row % sequenceLength) * frequencies[i] * (inverse ? -1 : 1);
            int a = row * columns + head + i,
                b = a + half;
            y[a] = x[a] * Math.Cos(angle) - x[b] * Math.Sin(angle);
            y[b] = x[b] * Math.Cos(angle) + x[a] * Math.Sin(angle);
        }
        return y;
    }

    public static (double[] Y, double[] LogSumExp) Attention(double[] q, double[] k, double[] v, AttentionShape s)
    {
        var y = new double[s.Sequences * s.QueryLength * s.Heads * s.HeadDim];
        var logSumExp = new double[s.Sequences * s.QueryLength * s.Heads];
        ForQueries(
            s,
            (query, head, keys) =>
            {
                double[] p = Probabilities(q, k, s, query, head, keys, out logSumExp[query * s.Heads + head], out _);
                for (int j = 0; j < keys.Length; j++)
                for (int i = 0; i < s.HeadDim; i++)
                    y[(query * s.Heads + head) * s.HeadDim + i] += p[j] * v[KeyAt(s, keys[j], head) + i];
            }
        );
        return (y, logSumExp);
    }

    public static (double[] Dq, double[] Dk, double[] Dv) AttentionBackward(
        double[] q,
        double[] k,
        double[] v,
        double[] dy,
        AttentionShape s
    )
    {
        var (dq, dk, dv) = (new double[q.Length], new double[k.Length], new double[v.Length]);
        ForQueries(
            s,
            (query, head, keys) =>
            {
                double[] p = Probabilities(q, k, s, query, head, keys, out _, out double[] slopes),
                    dp = new double[keys.Length];
                int at = (query * s.Heads + head) * s.HeadDim;
                double mean = 0;
                for (int j = 0; j < keys.Length; j++)
                {
                    for (int i = 0; i < s.HeadDim; i++)
                    {
                        dp[j] += dy[at + i] * v[KeyAt(s, keys[j], head) + i];
                        dv[KeyAt(s, keys[j], head) + i] += p[j] * dy[at + i];
                    }
                    mean += p[j] * dp[j];
                }
                for (int j = 0; j < keys.Length; j++)
                for (int i = 0; i < s.HeadDim; i++)
                {
                    double ds = p[j] * (dp[j] - mean) * slopes[j];
                    dq[at + i] += ds * k[KeyAt(s, keys[j], head) + i];
                    dk[KeyAt(s, keys[j], head) + i] += ds * q[at + i];
                }
            }
        );
        return (dq, dk, dv);
    }

    private static void ForQueries(AttentionShape s, Action<int, int, int[]> body)
    {
        for (int query = 0; query < s.Sequences * s.QueryLength; query++)
        {
            int sequence = query / s.QueryLength,
                position = s.KeyLength - s.QueryLength + query % s.QueryLength;
            int first = s.Window > 0 ? Math.Max(0, position - s.Window + 1) : 0;
            int[] keys = [.. Enumerable.Range(sequence * s.KeyLength + first, position - first + 1)];
            for (int head = 0; head < s.Heads; head++)
                body(query, head, keys);
        }
    }

    private static double[] Probabilities(
        double[] q,
        double[] k,
        AttentionShape s,
        int query,
        int head,
        int[] keys,
        out double logSumExp,
        out double[] slopes
    )
    {
        double scale = s.ScoreScale != 0 ? s.ScoreScale : 1 / Math.Sqrt(s.HeadDim);
        var scores = new double[keys.Length];
        for (int j = 0; j < keys.Length; j++)
        for (int i = 0; i < s.HeadDim; i++)
            scores[j] += q[(query * s.Heads + head) * s.HeadDim + i] * k[KeyAt(s, keys[j], head) + i] * scale;
        slopes = new double[keys.Length];
        Array.Fill(slopes, scale);
        for (int j = 0; j < keys.Length && s.SoftCap > 0; j++)
        {
            double t = Math.Tanh(scores[j] / s.SoftCap);
            (scores[j], slopes[j]) = (s.SoftCap * t, scale * (1 - t * t));
        }
        double lse = logSumExp = LogSumExp(scores, 0, scores.Length);
        return [.. scores.Select(score => Math.Exp(score - lse))];
    }

    private static int KeyAt(AttentionShape s, int key, int head) =>
        (key * s.KeyValueHeads + head / (s.Heads / s.KeyValueHeads)) * s.HeadDim;

    public static double[] Relu(double[] x) => [.. x.Select(v => Math.Max(v, 0))];

    public static double[] ReluBackward(double[] dy, double[] x) => [.. x.Select((v, i) => v > 0 ? dy[i] : 0)];

    public static double[] Gelu(double[] x) => [.. x.Select(v => v * NormalCdf(v))];

    public static double[] GeluBackward(double[] dy, double[] x) =>
        [.. x.Select((v, i) => dy[i] * (NormalCdf(v) + v * Math.Exp(-v * v / 2) / Math.Sqrt(2 * Math.PI)))];

    public static double[] GeluTanh(double[] x) => [.. x.Select(v => v / 2 * (1 + Math.Tanh(GeluInner(v))))];

    public static double[] GeluTanhBackward(double[] dy, double[] x) =>
        [
            .. x.Select(
                (v, i) =>
                {
                    double t = Math.Tanh(GeluInner(v));
                    return dy[i] * ((1 + t) / 2 + v / 2 * (1 - t * t) * Math.Sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * v * v));
                }
            ),
        ];

    private static double GeluInner(double x) => Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);

    public static double[] SwiGlu(double[] gate, double[] up) => [.. gate.Select((g, i) => g / (1 + Math.Exp(-g)) * up[i])];

    public static (double[] DGate, double[] DUp) SwiGluBackward(double[] dy, double[] gate, double[] up)
    {
        var (dGate, dUp) = (new double[gate.Length], new double[gate.Length]);
        for (int i = 0; i < gate.Length; i++)
        {
            double s = 1 / (1 + Math.Exp(-gate[i]));
            dGate[i] = dy[i] * up[i] * s * (1 + gate[i] * (1 - s));
            dUp[i] = dy[i] * gate[i] * s;
        }
        return (dGate, dUp);
    }

    // losses and ∂(scale Σ losses)/∂hidden; head is vocabulary × n
    public static (double[] Losses, double[] DHidden) CrossEntropy(
        double[] hidden,
        double[] head,
        int[] labels,
        int n,
        double scale,
        double softCap = 0
    )
    {
        int words = head.Length / n;
        var (losses, dHidden) = (new double[labels.Length], new double[hidden.Length]);
        for (int t = 0; t < labels.Length; t++)
        {
            if (labels[t] < 0)
                continue;
            double[] logits = Logits(hidden, head, t, n),
                slopes = [.. logits.Select(z => softCap > 0 ? 1 - Math.Pow(Math.Tanh(z / softCap), 2) : 1)];
            if (softCap > 0)
                logits = [.. logits.Select(z => softCap * Math.Tanh(z / softCap))];
            double lse = LogSumExp(logits, 0, words);
            losses[t] = lse - logits[labels[t]];
            for (int w = 0; w < words; w++)
            for (int j = 0; j < n; j++)
                dHidden[t * n + j] += scale * (Math.Exp(logits[w] - lse) - (w == labels[t] ? 1 : 0)) * slopes[w] * head[w * n + j];
        }
        return (losses, dHidden);
    }

    public static double[] KullbackLeibler(double[] p, double[] q, double[] head, int n)
    {
        var divergences = new double[p.Length / n];
        for (int t = 0; t < divergences.Length; t++)
        {
            double[] a = Logits(p, head, t, n),
                b = Logits(q, head, t, n);
            double lseA = LogSumExp(a, 0, a.Length),
                lseB = LogSumExp(b, 0, b.Length);
            for (int w = 0; w < a.Length; w++)
                divergences[t] += Math.Exp(a[w] - lseA) * (a[w] - lseA - b[w] + lseB);
        }
        return divergences;
    }

    private static double[] Logits(double[] hidden, double[] head, int t, int n)
    {
        var logits = new double[head.Length / n];
        for (int w = 0; w < logits.Length; w++)
        for (int j = 0; j < n; j++)
            logits[w] += hidden[t * n + j] * head[w * n + j];
        return logits;
    }

    private static double LogSumExp(double[] x, int first, int count)
    {
        double max = double.NegativeInfinity,
            sum = 0;
        for (int i = first; i < first + count; i++)
            max = Math.Max(max, x[i]);
        for (int i = first; i < first + count; i++)
            sum += Math.Exp(x[i] - max);
        return max + Math.Log(sum);
    }

    // Φ(x) = ½ + φ(x) Σ x^(2k+1) / (1·3·5…(2k+1)); for large |x| the continued fraction of the tail
    public static double NormalCdf(double x)
    {
        double density = Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI),
            z = Math.Abs(x);
        if (z < 5)
        {
            double term = x,
                sum = x;
            for (int k = 1; k < 200; k++)
                sum += term *= x * x / (2 * k + 1);
            return 0.5 + density * sum;
        }
        double fraction = z;
        for (int k = 200; k > 0; k--)
            fraction = z + k / fraction;
        return x < 0 ? density / fraction : 1 - density / fraction;
    }
}
