using System.Runtime.InteropServices;

namespace SvdSurgeon.Fuzz;

/// <summary>LLVM's libFuzzer in this process (fuzzer.c). The counters of the instrumented library are its coverage.</summary>
internal static unsafe partial class LibFuzzer
{
    private const string Library = "fuzzer";

    // libFuzzer's handlers would take the signals that the runtime makes exceptions of.
    private static readonly string[] Options =
    [
        "-handle_segv=0",
        "-handle_bus=0",
        "-handle_abrt=0",
        "-handle_ill=0",
        "-handle_fpe=0",
        "-handle_int=0",
        "-handle_term=0",
        "-handle_xfsz=0",
        "-handle_usr1=0",
        "-handle_usr2=0",
        "-rss_limit_mb=0",
        "-malloc_limit_mb=0",
        "-detect_leaks=0",
        "-timeout=300",
    ];

    private static Action<ReadOnlySpan<byte>> _target = _ => { };

    /// <summary>Runs libFuzzer's loop.</summary>
    /// <param name="target">Called with every input; it must not throw.</param>
    /// <param name="options">libFuzzer's options and the corpus folders.</param>
    public static int Run(Action<ReadOnlySpan<byte>> target, IEnumerable<string> options)
    {
        _target = target;
        SharpFuzz.Common.Trace.SharedMem = Counters();
        string[] arguments = ["fuzz", .. Options, .. options];
        // libFuzzer keeps the pointers for as long as it runs
        nint* texts = (nint*)NativeMemory.Alloc((nuint)(arguments.Length + 1), (nuint)sizeof(nint));
        for (int i = 0; i < arguments.Length; i++)
            texts[i] = Marshal.StringToCoTaskMemUTF8(arguments[i]);
        texts[arguments.Length] = 0;
        return Run(arguments.Length, texts, &Called);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static int Called(byte* data, nuint size)
    {
        _target(new ReadOnlySpan<byte>(data, checked((int)size)));
        return 0;
    }

    [LibraryImport(Library, EntryPoint = "fuzzer_counters")]
    private static partial byte* Counters();

    [LibraryImport(Library, EntryPoint = "fuzzer_run")]
    private static partial int Run(int count, nint* arguments, delegate* unmanaged[Cdecl]<byte*, nuint, int> target);
}
