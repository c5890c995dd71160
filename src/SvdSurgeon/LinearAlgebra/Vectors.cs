using System.Numerics;

namespace SvdSurgeon.LinearAlgebra;

/// <summary>Loops over one or two contiguous vectors.</summary>
internal static unsafe class Vectors
{
    /// <summary>y += a·x.</summary>
    public static void AddScaled<T>(T a, T* x, T* y, int n)
        where T : unmanaged, INumber<T>
    {
        var va = new Vector<T>(a);
        int i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
            Vector.Store(Vector.Load(y + i) + va * Vector.Load(x + i), y + i);
        for (; i < n; i++)
            y[i] += a * x[i];
    }

    /// <summary>Σ x∘y, with four partial sums a lane.</summary>
    public static T Dot<T>(T* x, T* y, int n)
        where T : unmanaged, INumber<T>
    {
        int w = Vector<T>.Count,
            i = 0;
        Vector<T> s0 = default,
            s1 = default,
            s2 = default,
            s3 = default;
        for (; i <= n - 4 * w; i += 4 * w)
        {
            s0 += Vector.Load(x + i) * Vector.Load(y + i);
            s1 += Vector.Load(x + i + w) * Vector.Load(y + i + w);
            s2 += Vector.Load(x + i + 2 * w) * Vector.Load(y + i + 2 * w);
            s3 += Vector.Load(x + i + 3 * w) * Vector.Load(y + i + 3 * w);
        }
        for (; i <= n - w; i += w)
            s0 += Vector.Load(x + i) * Vector.Load(y + i);
        T sum = Vector.Sum((s0 + s1) + (s2 + s3));
        for (; i < n; i++)
            sum += x[i] * y[i];
        return sum;
    }

    /// <summary>x ← −x.</summary>
    public static void Negate<T>(T* x, int n)
        where T : unmanaged
    {
        int i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
            Vector.Store(-Vector.Load(x + i), x + i);
        for (; i < n; i++)
            x[i] = (-Vector.CreateScalar(x[i]))[0];
    }

    /// <summary>y += a·x + b·z.</summary>
    public static void AddScaled2(double a, double* x, double b, double* z, double* y, int n)
    {
        Vector<double> va = new(a),
            vb = new(b);
        int i = 0;
        for (; i <= n - Vector<double>.Count; i += Vector<double>.Count)
            Vector.Store(
                Vector.FusedMultiplyAdd(va, Vector.Load(x + i), Vector.FusedMultiplyAdd(vb, Vector.Load(z + i), Vector.Load(y + i))),
                y + i
            );
        for (; i < n; i++)
            y[i] += a * x[i] + b * z[i];
    }

    /// <summary>y += x.</summary>
    public static void Add<T>(T* x, T* y, int n)
        where T : unmanaged, INumber<T>
    {
        int i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
            Vector.Store(Vector.Load(y + i) + Vector.Load(x + i), y + i);
        for (; i < n; i++)
            y[i] += x[i];
    }

    /// <summary>y += x where T is known to be float or double only by its caller.</summary>
    public static void AddRow<T>(T* x, T* y, int n)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
            Add((float*)x, (float*)y, n);
        else
            Add((double*)x, (double*)y, n);
    }

    /// <summary>y += x, float32 into float64.</summary>
    public static void AddWidened(float* x, double* y, int n)
    {
        int i = 0,
            w = Vector<double>.Count;
        for (; i <= n - 2 * w; i += 2 * w)
        {
            Vector.Widen(Vector.Load(x + i), out var low, out var high);
            Vector.Store(Vector.Load(y + i) + low, y + i);
            Vector.Store(Vector.Load(y + i + w) + high, y + i + w);
        }
        for (; i < n; i++)
            y[i] += x[i];
    }

    /// <summary>y += |x|, float32 into float64.</summary>
    public static void AddWidenedMagnitude(float* x, double* y, int n)
    {
        int i = 0,
            w = Vector<double>.Count;
        for (; i <= n - 2 * w; i += 2 * w)
        {
            Vector.Widen(Vector.Abs(Vector.Load(x + i)), out var low, out var high);
            Vector.Store(Vector.Load(y + i) + low, y + i);
            Vector.Store(Vector.Load(y + i + w) + high, y + i + w);
        }
        for (; i < n; i++)
            y[i] += Math.Abs(x[i]);
    }

    /// <summary>y = a∘b; y may be a or b.</summary>
    public static void Multiply(float* a, float* b, float* y, int n)
    {
        int i = 0;
        for (; i <= n - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Store(Vector.Load(a + i) * Vector.Load(b + i), y + i);
        for (; i < n; i++)
            y[i] = a[i] * b[i];
    }

    /// <summary>y = a / b, element by element; y may be a or b.</summary>
    public static void Divide(double* a, double* b, double* y, int n)
    {
        int i = 0;
        for (; i <= n - Vector<double>.Count; i += Vector<double>.Count)
            Vector.Store(Vector.Load(a + i) / Vector.Load(b + i), y + i);
        for (; i < n; i++)
            y[i] = a[i] / b[i];
    }

    /// <summary>sum += a∘b.</summary>
    public static void AddProduct(float* a, float* b, float* sum, int n)
    {
        int i = 0;
        for (; i <= n - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Store(Vector.Load(sum + i) + Vector.Load(a + i) * Vector.Load(b + i), sum + i);
        for (; i < n; i++)
            sum[i] += a[i] * b[i];
    }

    /// <summary>x ← c·x + s·y, y ← c·y − s·x: a plane rotation of two rows.</summary>
    public static void Rotate(double* x, double* y, double c, double s, int n)
    {
        var vc = new Vector<double>(c);
        var vs = new Vector<double>(s);
        int i = 0;
        for (; i <= n - Vector<double>.Count; i += Vector<double>.Count)
        {
            Vector<double> xi = Vector.Load(x + i),
                yi = Vector.Load(y + i);
            Vector.Store(vc * xi + vs * yi, x + i);
            Vector.Store(vc * yi - vs * xi, y + i);
        }
        for (; i < n; i++)
        {
            double xi = x[i],
                yi = y[i];
            x[i] = c * xi + s * yi;
            y[i] = c * yi - s * xi;
        }
    }
}
