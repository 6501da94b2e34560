#!/usr/bin/env bash
# What 'hone list', 'hone devices' and the help print, as a table and as JSON.
set -euo pipefail

fail() {
    echo "FAIL: $*"
    exit 1
}

# objects FILE: how many objects the array holds; each must begin with its name.
objects() {
    [ "$(head -c 1 "$1")" = '[' ] || fail "$1 is not an array"
    local count first
    count=$(grep -c '^  {' "$1") || true
    first=$(grep -A1 '^  {' "$1" | grep -c '^    "name": ') || true
    [ "$count" -eq "$first" ] || fail "$1: $count objects, but $first begin with a name"
    echo "$count"
}

for topic in activations suites providers spaces; do
    "$HONE" list $topic >$topic.txt
    [ "$(wc -l <$topic.txt)" -gt 1 ] || fail "'list $topic' prints no table"
    "$HONE" list $topic --json >$topic.json
    [ "$(objects $topic.json)" -gt 0 ] || fail "'list $topic --json' is empty"
done

# The contract's twenty, by name.
for name in identity relu relu6 clip leaky_relu prelu thresholded_relu elu selu celu gelu_erf gelu_tanh sigmoid \
    hardsigmoid tanh softplus softsign silu hardswish mish; do
    grep -q "^    \"name\": \"$name\"" activations.json || fail "activation $name is not listed"
done
[ "$(objects activations.json)" -eq 20 ] || fail "there are $(objects activations.json) activations, not 20"
grep -A1 '"name": "silu"' activations.json | grep -q '"alias": "swish"' || fail "silu has lost its alias"
grep -q '"name": "alpha"' activations.json || fail "no activation has a parameter alpha"

for name in hone unfused openblas onednn mkl clblast cublaslt; do
    grep -q "\"name\": \"$name\"" providers.json || fail "provider $name is not listed"
done

# What runs here, by device and type; what loads but finds no device is not available.
python3 - <<'PY' || fail "providers do not say what they run"
import json
listed, devices = json.load(open("providers.json")), []
runs = {p["name"]: {r["device"]: r["dtypes"] for r in p["runs"]} for p in listed}
assert runs["hone"]["cpu"] == ["f32", "f16", "bf16", "s8"], runs
assert set(runs["openblas"]) <= {"cpu"} and runs["openblas"].get("cpu", ["f32"]) == ["f32"], runs
assert all(d.startswith("opencl:") and t == ["f32"] for d, t in runs["clblast"].items()), runs
assert all(d.startswith("cuda:") for d in runs["cublaslt"]), runs
assert all(p["available"] == bool(p["runs"]) and bool(p.get("reason")) == (not p["runs"]) for p in listed), listed
PY
grep -q '^hone .* cpu f32 f16 bf16 s8.* yes$' providers.txt || fail "the table does not say what hone runs"

# A baseline without its library is listed with the reason, and refuses.
HONE_ONEDNN=none.so HONE_MKL=libm.so.6 HONE_OPENBLAS=none.so "$HONE" list providers --json >missing.json
grep -A3 '"name": "onednn"' missing.json | grep -q '"reason": "HONE_ONEDNN: none.so' || fail "onednn names no reason"
grep -A3 '"name": "openblas"' missing.json | grep -q '"available": false' || fail "openblas is there without a library"
grep -A3 '"name": "mkl"' missing.json | grep -q '"reason": "lib' || fail "mkl takes any library for its own"
code=0
HONE_ONEDNN=none.so "$HONE" bench --provider onednn --shape 8x8x8 >bench.txt 2>&1 || code=$?
[ $code -eq 3 ] || fail "a missing provider ends with $code instead of 3: $(cat bench.txt)"

# One space a data type; every one with points, and a choice of problems.
for dtype in f32 f16 bf16 s8; do
    grep -q "\"name\": \"cpu/$dtype\"" spaces.json || fail "no space for $dtype"
done
grep -q '"points": 0' spaces.json && fail "a space has no legal point"
"$HONE" list spaces --dtype s8 --act relu --shape 7x17x65 --json >one.json
[ "$(objects one.json)" -eq 1 ] || fail "one problem must give one space"
"$HONE" list spaces --dtype s8 --shape 7x17x65 | grep -q '^  where .*m=7' || fail "constants have no values"
grep -q '"problem": "gemm/s8/relu/7x17x65"' one.json || fail "the space is not of the problem asked for"

HONE_DB=$PWD/none.db "$HONE" devices --json >devices.json
objects devices.json >/dev/null
grep -q '"name": "cpu"' devices.json || fail "this machine has a CPU"
for key in model fingerprint family threads code_paths peak_gops; do
    grep -q "\"$key\": " devices.json || fail "'devices --json' lacks $key"
done
[ ! -e none.db ] || fail "'devices' created a database"
HONE_DB=$PWD/none.db "$HONE" devices | grep -q '^cpu$' || fail "'devices' does not name the CPU"

# Help is a result: on stdout, for every command, and exit 0.
"$HONE" --help >help.txt
commands=$(sed -n 's/^HONE_COMMAND(\([a-z]*\),.*/\1/p' "$SOURCE_DIR/tuner/cli/commands.def")
[ -n "$commands" ] || fail "no command in commands.def"
for command in $commands; do
    grep -q "^  $command " help.txt || fail "'hone --help' does not name $command"
    "$HONE" "$command" --help >"$command.txt" 2>"$command.err" || fail "'hone $command --help' exits with $?"
    grep -q "^Usage: hone $command" "$command.txt" || fail "'hone $command --help' shows no usage"
    [ ! -s "$command.err" ] || fail "'hone $command --help' writes on stderr: $(cat "$command.err")"
    "$HONE" help "$command" | cmp -s - "$command.txt" || fail "'hone help $command' differs from '--help'"
done
"$HONE" --version | grep -q '^hone [0-9]*\.[0-9]*\.[0-9]* ' || fail "'hone --version' names no version"
"$HONE" list suites --act >/dev/null 2>&1 && fail "a missing value was accepted"
echo "all listed"
