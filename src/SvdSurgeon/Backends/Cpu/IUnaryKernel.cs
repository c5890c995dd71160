using System.Numerics;

namespace SvdSurgeon.Backends.Cpu;

/// <summary>y_i = f(x_i): a vector of numbers at once.</summary>
internal interface IUnaryKernel
{
    static abstract Vector<float> Apply(Vector<float> x);
}
