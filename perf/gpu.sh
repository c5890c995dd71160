#!/usr/bin/env bash
# Everything that only a GPU can show, in one call, on a machine with a driver for CUDA 11, 12 or 13 that needs neither the .NET SDK nor a network.
#
#   perf/gpu.sh publish DIR      on a machine with the SDK: a self-contained folder with this script in it, and DIR.tar.gz (at most 60 MB)
#   DIR/gpu.sh [RESULTS]         on the GPU machine: runs everything within BUDGET seconds (default 570) and writes RESULTS (default ./gpu-results):
#                                the text of every step, results.json and results.md; exit code 0 when every check passed, 2 without a usable GPU
#   DIR/gpu.sh --simulator       the same steps at tiny sizes on ILGPU's CPU accelerator: checks this script and the publish, times nothing
#
# STEPS="devices contract smollm2" runs some of the steps only. SHARED names the folder with models/ and data/ (default: beside the checkout, or DIR/shared).
# cuBLAS and cuSOLVER are looked for as docs/GPU.md says, and in the nvidia packages of python3, if it is there.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
most_bytes=60000000

publish() {
  local to=$1 root bytes
  root=$(cd "$here/.." && pwd)
  dotnet publish "$root/perf/SvdSurgeon.Cuda.Benchmarks" -c Release -r linux-x64 --self-contained -p:DebugType=none -o "$to" || exit 1
  rm -f "$to"/*.xml "$to"/*.pdb
  cp "$here/gpu.sh" "$here/gpu_torch.py" "$root/LICENSE" "$to/"
  local shared=${SHARED:-$root/../shared}
  if [ -d "$shared/data/ids" ]; then
    mkdir -p "$to/shared/data/ids"
    cp "$shared"/data/ids/smollm2.* "$to/shared/data/ids/"
  fi
  # The model itself is 98 MB and stays outside: put it at DIR/shared/models, or name its folder in SHARED.
  tar -czf "$to.tar.gz" -C "$(dirname "$to")" "$(basename "$to")"
  bytes=$(stat -c %s "$to.tar.gz")
  du -sh "$to"
  echo "$to.tar.gz: $bytes bytes"
  [ "$bytes" -le $most_bytes ] || { echo "gpu.sh: more than the $most_bytes bytes that travel in one call" >&2; exit 1; }
}

if [ "${1:-}" = publish ]; then
  [ $# -eq 2 ] || { echo "gpu.sh publish DIR" >&2; exit 2; }
  publish "$2"
  exit 0
fi

simulator=()
device=cuda
if [ "${1:-}" = --simulator ]; then
  simulator=(--simulator)
  device=simulator
  shift
fi
results=${1:-$PWD/gpu-results}
mkdir -p "$results"
: >"$results/steps.tsv"
program=$here/svdsurgeon-gpu
shared=${SHARED:-$here/shared}
steps=${STEPS:-devices contract kernels torch decompositions smollm2 shape7b sanitizer}
budget=${BUDGET:-570}
failed=()

if [ -z "${SVDSURGEON_CUDA_LIBRARIES:-}" ] && command -v python3 >/dev/null; then
  site=$(python3 -c 'import nvidia, os; print(os.path.dirname(list(nvidia.__path__)[0]))' 2>/dev/null) && export SVDSURGEON_CUDA_LIBRARIES=$site
fi

wanted() { case " $steps " in *" ${1%%-*} "*) true ;; *) false ;; esac; }

# skip NAME REASON: what was not measured is written down.
skip() {
  wanted "$1" || return
  echo "== $1: not run: $2"
  printf '%s\t-\t0\t%s\n' "$1" "$2" >>"$results/steps.tsv"
}

# step NAME SECONDS COMMAND…: output to the screen and to RESULTS/NAME.txt, ended after SECONDS or when the budget is spent (exit 124)
step() {
  local name=$1 limit=$2 left=$((budget - SECONDS)) start=$SECONDS status
  shift 2
  wanted "$name" || return
  if [ "$device" = cuda ] && [ "$left" -lt 5 ]; then
    skip "$name" "the budget of $budget s was spent"
    failed+=("$name")
    return
  fi
  [ "$device" = cuda ] && [ "$limit" -gt "$left" ] && limit=$left
  echo "== $name: $*"
  timeout "$limit" "$@" 2>"$results/$name.err" | tee "$results/$name.txt"
  status=${PIPESTATUS[0]}
  echo "== $name: exit $status after $((SECONDS - start)) s"
  printf '%s\t%s\t%s\t\n' "$name" "$status" "$((SECONDS - start))" >>"$results/steps.tsv"
  if [ "$status" -ne 0 ]; then
    cat "$results/$name.err"
    failed+=("$name")
  fi
}

if [ "$device" = cuda ] && ! "$program" gpu; then
  echo "No usable GPU: nothing was run, nothing was measured. gpu.sh --simulator checks this folder without one."
  exit 2
fi
[ "$device" = cuda ] && command -v nvidia-smi >/dev/null && nvidia-smi | tee "$results/nvidia-smi.txt"
step devices 20 "$program" cli devices
step contract 120 "$program" contract "${simulator[@]}"
step kernels 90 "$program" kernels "${simulator[@]}"
step decompositions 90 "$program" decompositions "${simulator[@]}"

if [ "$device" = cuda ] && python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
  step torch 40 python3 "$here/gpu_torch.py"
else
  skip torch "there is no python3 with a PyTorch that sees the GPU"
fi

# A real model: perplexity dense and compressed, CPU against GPU, equal within 0.1 %.
model=$shared/models/SmolLM2-135M-Instruct.Q4_1.gguf
ids=$shared/data/ids
if [ "$device" = cuda ] && [ -f "$model" ]; then
  evaluation=(--tokens "$ids/smollm2.wikitext-test.npy" --seqlen 512 --windows 16 --json)
  compression=(--method whiten --surgeon update --ratio 0.8 0.6 --calibration-tokens "$ids/smollm2.wikitext-valid.512x128.npy" --sequences 32
    --fisher-sequences 32 --eval-tokens "$ids/smollm2.wikitext-test.npy" --eval-windows 16 --json)
  for d in cpu cuda; do
    step "smollm2-eval-$d" 30 "$program" cli eval "$model" "${evaluation[@]}" --device $d
    rm -rf "$results/smollm2-$d"
    step "smollm2-compress-$d" 120 "$program" cli compress "$model" --out "$results/smollm2-$d" "${compression[@]}" --device $d
    rm -rf "$results/smollm2-$d"
  done
  step smollm2-eval-compare 10 "$program" compare "$results/smollm2-eval-cpu.txt" "$results/smollm2-eval-cuda.txt" 0.001
  step smollm2-compress-compare 10 "$program" compare "$results/smollm2-compress-cpu.txt" "$results/smollm2-compress-cuda.txt" 0.001
else
  skip smollm2 "$([ "$device" = cuda ] && echo "$model is not there" || echo "too slow on the simulator")"
fi

# A piece of LLaMA-7B's shape, random: two of its layers; whitening and Fisher of 32 × 2048 tokens, SVD of 14 modules, times of every stage.
work=$results/shape7b.work
rm -rf "$work"
if [ "$device" = cuda ]; then
  precisions=("" "+tf32" "+bf16")
  size=(--sequences 32 --fisher-sequences 32)
else
  precisions=("" "+tf32" "+bf16")
  size=(--sequences 4 --fisher-sequences 4)
fi
step shape7b-model 60 "$program" make-model "$work/model" "${simulator[@]}"
for precision in "${precisions[@]}"; do
  step "shape7b-compress$precision" 90 "$program" cli compress "$work/model" --out "$work/out" --method whiten --surgeon update --ratio 0.8 \
    --calibration-tokens "$work/model/ids.npy" "${size[@]}" --device "$device$precision" --json
  rm -rf "$work/out"
done
rm -rf "$work"

if [ "$device" = cuda ] && command -v compute-sanitizer >/dev/null; then
  step sanitizer 120 compute-sanitizer --tool memcheck --error-exitcode 1 "$program" contract --small
else
  skip sanitizer "compute-sanitizer is not installed, or there is no GPU"
fi

"$program" collect "$results" || failed+=(collect)
echo
echo "$results/results.json and $results/results.md, $SECONDS s"
if [ ${#failed[@]} -gt 0 ]; then
  echo "FAILED: ${failed[*]} (see $results)"
  exit 1
fi
echo "All steps that could run here passed."
