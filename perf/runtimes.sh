#!/usr/bin/env bash
# Sizes, load times and tokens per second of a model, dense and compressed, in this program, llama.cpp and ONNX Runtime GenAI, alternating;
# prints the table of docs/export.md. About six minutes for SmolLM2-135M on two quiet cores.
# usage: perf/runtimes.sh MODEL CALIBRATION.txt [FOLDER]   THREADS=2 REPEATS=3 TOKENS=100
set -euo pipefail
cd "$(dirname "$0")/.."
model=$1 calibration=$2 out=${3:-$(mktemp -d)}
dotnet build -c Release -v q -nologo -clp:ErrorsOnly src/SvdSurgeon.Cli >&2
dotnet build -c Release -v q -nologo -clp:ErrorsOnly perf/SvdSurgeon.Runtimes >&2
svdsurgeon=src/SvdSurgeon.Cli/bin/Release/net10.0/svdsurgeon
data=(--calibration "$calibration" --seqlen 256 --sequences 16)
export_as() { [ -e "$out/$4" ] || "$svdsurgeon" export "$1" --format "$2" --type "$3" --out "$out/$4" "${@:5}" >&2; }

[ -e "$out/factored" ] || "$svdsurgeon" compress "$model" --out "$out/factored" --preset svd-llm --ratio 0.8 "${data[@]}" >&2
[ -e "$out/bits" ] || "$svdsurgeon" compress "$model" --out "$out/bits" --bits 4.5 --effort 1 "${data[@]}" >&2
factored=$(echo "$out"/factored/ratio-*) bits=$(echo "$out"/bits/*/config.json) bits=${bits%/config.json}
for type in f16 q8_0 q4_0; do export_as "$model" gguf $type dense-$type.gguf; done
export_as "$factored" gguf q8_0 merged-q8_0.gguf --no-tokenizer # runs on token ids
export_as "$bits" gguf q4_0 bits-q4_0.gguf --no-tokenizer
for type in f32 int8 int4; do export_as "$model" onnx $type dense-$type; done
for type in f32 int4; do export_as "$factored" onnx $type factored-$type; done

rows=()
for type in f16 q8_0 q4_0; do
  rows+=("dense $type, this program=here:$out/dense-$type.gguf" "dense $type, llama.cpp=llama.cpp:$out/dense-$type.gguf")
done
for type in f32 int8 int4; do rows+=("dense $type, GenAI=genai:$out/dense-$type"); done
rows+=("bits 4.5, this program=here:$bits" "the same as q4_0, llama.cpp=llama.cpp:$out/bits-q4_0.gguf")
rows+=("kept 0.8, factored f16, this program=here:$factored" "kept 0.8, merged q8_0, llama.cpp=llama.cpp:$out/merged-q8_0.gguf")
for type in f32 int4; do rows+=("kept 0.8, factored $type, GenAI=genai:$out/factored-$type"); done
perf/SvdSurgeon.Runtimes/bin/Release/net10.0/SvdSurgeon.Runtimes \
  --threads "${THREADS:-2}" --repeats "${REPEATS:-3}" --tokens "${TOKENS:-100}" "${rows[@]}"
