#!/usr/bin/env bash
# Everything that only a GPU can show, in one call, on a machine that needs neither the .NET SDK nor a network.
#
#   perf/gpu.sh publish DIR      on a machine with the SDK: a self-contained folder with this script in it, and DIR.tar.gz
#   DIR/gpu.sh [RESULTS]         on the GPU machine: runs everything, writes RESULTS (default ./gpu-results); exit code 0 when every check passed, 2 without a usable GPU
#   DIR/gpu.sh --simulator       the same steps at tiny sizes on ILGPU's CPU accelerator: checks this script and the publish, times nothing
#
# STEPS="devices contract smollm2" runs some of the steps only. SHARED names the folder with models/ and data/ (default: beside the checkout, or DIR/shared).
# cuBLAS and cuSOLVER are looked for in CUDA_PATH, LD_LIBRARY_PATH, the system, and in the nvidia packages of python3, if it is there.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

publish() {
  local to=$1 root
  root=$(cd "$here/.." && pwd)
  dotnet publish "$root/perf/SvdSurgeon.Cuda.Benchmarks" -c Release -r linux-x64 --self-contained -o "$to" || exit 1
  cp "$here/gpu.sh" "$here/gpu_torch.py" "$to/"
  local shared=${SHARED:-$root/../shared}
  if [ -d "$shared/data/ids" ]; then
    mkdir -p "$to/shared/data/ids"
    cp "$shared"/data/ids/smollm2.* "$to/shared/data/ids/"
  fi
  # The model itself is 98 MB and stays outside: put it at DIR/shared/models, or name its folder in SHARED.
  tar -czf "$to.tar.gz" -C "$(dirname "$to")" "$(basename "$to")"
  du -sh "$to" "$to.tar.gz"
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
program=$here/svdsurgeon-gpu
shared=${SHARED:-$here/shared}
steps=${STEPS:-devices contract kernels torch decompositions smollm2 shape7b sanitizer}
failed=()

if [ -z "${SVDSURGEON_CUDA_LIBRARIES:-}" ] && command -v python3 >/dev/null; then
  site=$(python3 -c 'import nvidia, os; print(os.path.dirname(list(nvidia.__path__)[0]))' 2>/dev/null) && export SVDSURGEON_CUDA_LIBRARIES=$site
fi

# step NAME COMMAND…: output to the screen and to RESULTS/NAME.txt
step() {
  local name=$1
  shift
  case " $steps " in *" ${name%%-*} "*) ;; *) return ;; esac
  echo "== $name: $*"
  local start=$SECONDS
  "$@" 2>"$results/$name.err" | tee "$results/$name.txt"
  local status=${PIPESTATUS[0]}
  echo "== $name: exit $status after $((SECONDS - start)) s"
  if [ "$status" -ne 0 ]; then
    cat "$results/$name.err"
    failed+=("$name")
  fi
}

# Text that belongs to a step that cannot run here goes into the results too: what was not measured is written down.
skip() {
  case " $steps " in *" ${1%%-*} "*) echo "== $1: not run: $2" | tee "$results/$1.txt" ;; esac
}

if [ "$device" = cuda ] && ! "$program" gpu; then
  echo "No usable GPU: nothing was run, nothing was measured. gpu.sh --simulator checks this folder without one."
  exit 2
fi
[ "$device" = cuda ] && command -v nvidia-smi >/dev/null && nvidia-smi | tee "$results/nvidia-smi.txt"
step devices "$program" cli devices
step contract "$program" contract "${simulator[@]}"
step kernels "$program" kernels "${simulator[@]}"
step decompositions "$program" decompositions "${simulator[@]}"

if [ "$device" = cuda ] && python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
  step torch python3 "$here/gpu_torch.py"
else
  skip torch "there is no python3 with a PyTorch that sees the GPU"
fi

# A real model: perplexity dense and compressed, CPU against GPU, equal within 0.1 %.
model=$shared/models/SmolLM2-135M-Instruct.Q4_1.gguf
ids=$shared/data/ids
if [ "$device" = cuda ] && [ -f "$model" ]; then
  evaluation=(--tokens "$ids/smollm2.wikitext-test.npy" --seqlen 512 --windows 16 --json)
  compression=(--method whiten --surgeon update --ratio 0.8 0.6 0.4 --calibration-tokens "$ids/smollm2.wikitext-valid.512x128.npy" --sequences 32
    --fisher-sequences 32 --eval-tokens "$ids/smollm2.wikitext-test.npy" --eval-windows 16 --json)
  for d in cpu cuda; do
    step "smollm2-eval-$d" "$program" cli eval "$model" "${evaluation[@]}" --device $d
    rm -rf "$results/smollm2-$d"
    step "smollm2-compress-$d" "$program" cli compress "$model" --out "$results/smollm2-$d" "${compression[@]}" --device $d
    rm -rf "$results/smollm2-$d"
  done
  step smollm2-eval-compare "$program" compare "$results/smollm2-eval-cpu.txt" "$results/smollm2-eval-cuda.txt" 0.001
  step smollm2-compress-compare "$program" compare "$results/smollm2-compress-cpu.txt" "$results/smollm2-compress-cuda.txt" 0.001
else
  skip smollm2 "$([ "$device" = cuda ] && echo "$model is not there" || echo "too slow on the simulator")"
fi

# LLaMA-7B's shape, random: whitening 256 × 2048, Fisher 512 × 2048, SVD of all modules, times a stage.
work=$results/shape7b.work
rm -rf "$work"
if [ "$device" = cuda ]; then
  precisions=("" "+tf32" "+bf16")
  size=(--sequences 256 --fisher-sequences 512)
else
  precisions=("")
  size=(--sequences 4 --fisher-sequences 4)
fi
step shape7b-model "$program" make-model "$work/model" "${simulator[@]}"
for precision in "${precisions[@]}"; do
  step "shape7b-compress$precision" "$program" cli compress "$work/model" --out "$work/out" --method whiten --surgeon update --ratio 0.8 \
    --calibration-tokens "$work/model/ids.npy" "${size[@]}" --device "$device$precision" --json
  rm -rf "$work/out"
done
rm -rf "$work"

if [ "$device" = cuda ] && command -v compute-sanitizer >/dev/null; then
  step sanitizer compute-sanitizer --tool memcheck --error-exitcode 1 "$program" contract
else
  skip sanitizer "compute-sanitizer is not installed, or there is no GPU"
fi

echo
if [ ${#failed[@]} -gt 0 ]; then
  echo "FAILED: ${failed[*]} (see $results)"
  exit 1
fi
echo "All steps that could run here passed; results in $results."
