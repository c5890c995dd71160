using SvdSurgeon.Backends;

namespace SvdSurgeon.Tests.Backends.Contract;

/// <summary>Every operation of a backend in the plainest loops, in float64.</summary>
internal static class ScalarReference
{
    public static double[] MatMul(float[] a, bool transposeA, float[] b, bool transposeB, int m, int n, int k, float[]? start = null)
    {
        var c = new double[m * n];
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
            {
                double sum = start?[i * n + j] ?? 0;
                for (int l = 0; l < k; l++) sum += (double)a[transposeA ? l * m + i : i * k + l] * b[transposeB ? j * k + l : l * n + j];
                c[i * n + j] = sum;
            }
        return c;
    }

    /// <summary>y, mean, r of a layer norm, row by row.</summary>
    public static (double[] Y, double[] Mean, double[] R) LayerNorm(float[] x, float[]? w, float[]? b, double epsilon, int n)
    {
        int rows = x.Length / n;
        double[] y = new double[x.Length], mean = new double[rows], r = new double[rows];
        for (int t = 0; t < rows; t++)
        {
            var row = x.AsSpan(t * n, n).ToArray();
            mean[t] = row.Average(v => (double)v);
            double mu = mean[t];
            r[t] = 1 / Math.Sqrt(row.Average(v => (v - mu) * (v - mu)) + epsilon);
            for (int j = 0; j < n; j++) y[t * n + j] = (row[j] - mu) * r[t] * (w?[j] ?? 1) + (b?[j] ?? 0);
        }
        return (y, mean, r);
    }

    public static (double[] Y, double[] R) RmsNorm(float[] x, float[] w, double epsilon, int n)
    {
        int rows = x.Length / n;
        double[] y = new double[x.Length], r = new double[rows];
        for (int t = 0; t < rows; t++)
        {
            r[t] = 1 / Math.Sqrt(x.AsSpan(t * n, n).ToArray().Average(v => (double)v * v) + epsilon);
            for (int j = 0; j < n; j++) y[t * n + j] = x[t * n + j] * r[t] * w[j];
        }
        return (y, r);
    }

    /// <summary>Σ dy ∘ f(x) differentiated by central differences of f in float64: the backward pass of any row-wise function.</summary>
    public static double[] Gradient(Func<double[], double[]> f, float[] x, float[] dy)
    {
        const double h = 1e-5;
        var gradient = new double[x.Length];
        var point = Array.ConvertAll(x, v => (double)v);
        for (int i = 0; i < x.Length; i++)
        {
            double old = point[i];
            point[i] = old + h;
            var above = f(point);
            point[i] = old - h;
            var below = f(point);
            point[i] = old;
            for (int j = 0; j < dy.Length; j++) gradient[i] += dy[j] * (above[j] - below[j]) / (2 * h);
        }
        return gradient;
    }

    public static double[] LayerNorm(double[] x, float[]? w, double epsilon, int n)
    {
        var y = new double[x.Length];
        for (int t = 0; t < x.Length / n; t++)
        {
            var row = x[(t * n)..((t + 1) * n)];
            double mean = row.Average(), r = 1 / Math.Sqrt(row.Average(v => (v - mean) * (v - mean)) + epsilon);
            for (int j = 0; j < n; j++) y[t * n + j] = (row[j] - mean) * r * (w?[j] ?? 1);
        }
        return y;
    }

    public static double[] RmsNorm(double[] x, float[] w, double epsilon, int n)
    {
        var y = new double[x.Length];
        for (int t = 0; t < x.Length / n; t++)
        {
            double r = 1 / Math.Sqrt(x[(t * n)..((t + 1) * n)].Average(v => v * v) + epsilon);
            for (int j = 0; j < n; j++) y[t * n + j] = x[t * n + j] * r * w[j];
        }
        return y;
    }

    public static double[] Rope(float[] x, int columns, int headDim, RopeTable table, int sequenceLength, int start, bool inverse)
    {
        var y = Array.ConvertAll(x, v => (double)v);
        int half = headDim / 2;
        for (int t = 0; t < x.Length / columns; t++)
            for (int head = 0; head < columns / headDim; head++)
                for (int i = 0; i < half; i++)
                {
                    int at = t * columns + head * headDim + i, angle = (start + t % sequenceLength) * half + i;
                    double c = table.Cos[angle], s = inverse ? -table.Sin[angle] : table.Sin[angle];
                    y[at] = x[at] * c - x[at + half] * s;
                    y[at + half] = x[at + half] * c + x[at] * s;
                }
        return y;
    }

    /// <summary>y and log-sum-exp, and with dy also dq, dk, dv.</summary>
    public static (double[] Y, double[] LogSumExp, double[] Dq, double[] Dk, double[] Dv) Attention(float[] q, float[] k, float[] v, float[]? dy, AttentionShape s)
    {
        int d = s.HeadDim, qColumns = s.Heads * d, kColumns = s.KeyValueHeads * d;
        double scale = 1 / Math.Sqrt(d);
        double[] y = new double[q.Length], lse = new double[s.Sequences * s.QueryLength * s.Heads];
        double[] dq = new double[q.Length], dk = new double[k.Length], dv = new double[v.Length];
        for (int b = 0; b < s.Sequences; b++)
            for (int head = 0; head < s.Heads; head++)
                for (int i = 0; i < s.QueryLength; i++)
                {
                    int position = s.KeyLength - s.QueryLength + i, first = s.Window == 0 ? 0 : Math.Max(0, position - s.Window + 1);
                    int row = b * s.QueryLength + i, qAt = row * qColumns + head * d;
                    int KeyAt(int j) => (b * s.KeyLength + j) * kColumns + head / (s.Heads / s.KeyValueHeads) * d;
                    var p = new double[position + 1];
                    double max = double.NegativeInfinity, sum = 0;
                    for (int j = first; j <= position; j++)
                    {
                        for (int c = 0; c < d; c++) p[j] += (double)q[qAt + c] * k[KeyAt(j) + c];
                        p[j] *= scale;
                        max = Math.Max(max, p[j]);
                    }
                    for (int j = first; j <= position; j++) sum += p[j] = Math.Exp(p[j] - max);
                    lse[row * s.Heads + head] = max + Math.Log(sum);
                    for (int j = first; j <= position; j++)
                    {
                        p[j] /= sum;
                        for (int c = 0; c < d; c++) y[qAt + c] += p[j] * v[KeyAt(j) + c];
                    }
                    if (dy is null) continue;
                    double delta = 0;
                    for (int c = 0; c < d; c++) delta += dy[qAt + c] * y[qAt + c];
                    for (int j = first; j <= position; j++)
                    {
                        double dp = 0;
                        for (int c = 0; c < d; c++)
                        {
                            dp += (double)dy[qAt + c] * v[KeyAt(j) + c];
                            dv[KeyAt(j) + c] += p[j] * dy[qAt + c];
                        }
                        double ds = p[j] * (dp - delta) * scale;
                        for (int c = 0; c < d; c++)
                        {
                            dq[qAt + c] += ds * k[KeyAt(j) + c];
                            dk[KeyAt(j) + c] += ds * q[qAt + c];
                        }
                    }
                }
        return (y, lse, dq, dk, dv);
    }

    /// <summary>erf by its series and, beyond 3, by the continued fraction of erfc.</summary>
    public static double Erf(double x)
    {
        if (Math.Abs(x) > 3)
        {
            double f = 0;
            for (int n = 60; n > 0; n--) f = n / 2.0 / (Math.Abs(x) + f);
            return Math.Sign(x) * (1 - Math.Exp(-x * x) / ((Math.Abs(x) + f) * Math.Sqrt(Math.PI)));
        }
        double term = x, sum = x;
        for (int n = 1; n < 200; n++)
        {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    public static double NormalCdf(double x) => 0.5 * (1 + Erf(x / Math.Sqrt(2)));

    public static double NormalDensity(double x) => Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI);

    public static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    /// <summary>log softmax of each row.</summary>
    public static double[] LogSoftmax(double[] z, int n)
    {
        var y = new double[z.Length];
        for (int t = 0; t < z.Length / n; t++)
        {
            var row = z[(t * n)..((t + 1) * n)];
            double max = row.Max(), log = max + Math.Log(row.Sum(v => Math.Exp(v - max)));
            for (int j = 0; j < n; j++) y[t * n + j] = row[j] - log;
        }
        return y;
    }
}
