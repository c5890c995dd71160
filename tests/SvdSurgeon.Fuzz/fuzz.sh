#!/usr/bin/env bash
# Coverage-guided fuzzing of every opening (docs/fuzzing.md).   fuzz.sh [RUNS per format] [FORMAT…]
# Needs gcc and LLVM's libFuzzer: Debian's packages gcc, libstdc++-12-dev and libclang-rt-14-dev (any version serves).
set -euo pipefail
cd "$(dirname "$0")"
runs=${1:-100000}; shift || true
seconds=${FUZZ_SECONDS:-0} # per format; 0: as long as it takes
out=${FUZZ_OUT:-$PWD/bin/fuzz}
archive=$(find /usr/lib -name 'libclang_rt.fuzzer_no_main*x86_64.a' -o -name 'libclang_rt.fuzzer_no_main.a' | sort | tail -1)
[ -n "$archive" ] || { echo "libFuzzer is missing: apt-get install libclang-rt-14-dev"; exit 2; }
dotnet build -c Release -v q -o "$out" SvdSurgeon.Fuzz.csproj
gcc -shared -fPIC -O2 fuzzer.c -Wl,--whole-archive "$archive" -Wl,--no-whole-archive -lstdc++ -lpthread -lm -o "$out/libfuzzer.so"
dotnet "$out/SvdSurgeon.Fuzz.dll" instrument "$out/SvdSurgeon.Core.dll"
export TMPDIR=${TMPDIR:-/dev/shm} DOTNET_TieredPGO=0
for format in ${@:-$(dotnet "$out/SvdSurgeon.Fuzz.dll" formats)}; do
  mkdir -p "$out/corpus/$format"
  dotnet "$out/SvdSurgeon.Fuzz.dll" run "$format" "$out/findings" -runs="$runs" -seed=28 -max_len=16384 -max_total_time="$seconds" -print_final_stats=1 \
    "$out/corpus/$format" "Corpora/$format" >"$out/$format.log" 2>&1 || true
  echo "$format: $(grep -E '^(Done|#[0-9]+.DONE)' "$out/$format.log" | tr '\n' ' ') $(grep -c '^BREACH' "$out/$format.log" || true) kinds of breach"
done
