using System.Numerics;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>z_i = f(x_i, y_i): a vector of numbers at once.</summary>
internal interface IBinaryKernel
{
    static abstract Vector<float> Apply(Vector<float> x, Vector<float> y);
}
