using System.Runtime.InteropServices;
using LLama.Native;
using SvdSurgeon.Formats.Gguf;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Interop.Tests;

/// <summary>ggml's own quantiser, ggml_quantize_chunk of the library that LLamaSharp brings.</summary>
internal static unsafe class GgmlQuantizer
{
    private static readonly delegate* unmanaged[Cdecl]<int, float*, void*, long, long, long, float*, nuint> s_quantize = Find();

    /// <summary>Rounds numbers, without an importance matrix.</summary>
    public static byte[] Quantize(DType type, float[] numbers, int bytes)
    {
        var result = new byte[bytes];
        fixed (float* source = numbers)
        fixed (byte* destination = result)
            if (s_quantize((int)GgufTypes.NumberOf(type), source, destination, 0, 1, numbers.Length, null) != (nuint)bytes)
                throw new InvalidOperationException($"ggml made another number of bytes of {type}.");
        return result;
    }

    private static delegate* unmanaged[Cdecl]<int, float*, void*, long, long, long, float*, nuint> Find()
    {
        NativeApi.llama_empty_call(); // loads what the quantiser's library needs
        string name =
            OperatingSystem.IsWindows() ? "ggml-base.dll"
            : OperatingSystem.IsMacOS() ? "libggml-base.dylib"
            : "libggml-base.so";
        string file = Directory
            .GetFiles(Path.Combine(AppContext.BaseDirectory, "runtimes"), name, SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .First();
        return (delegate* unmanaged[Cdecl]<int, float*, void*, long, long, long, float*, nuint>)
            NativeLibrary.GetExport(NativeLibrary.Load(file), "ggml_quantize_chunk");
    }
}
