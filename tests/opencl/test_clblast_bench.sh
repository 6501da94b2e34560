#!/usr/bin/env bash
# 'hone bench' with the baseline clblast, and what it says where clblast cannot run.
set -uo pipefail

fail() {
    echo "FAIL: $*"
    cat out err 2>/dev/null
    exit 1
}

# bench ARGUMENTS...: its exit code in $code.
bench() {
    code=0
    "$HONE" bench --provider clblast --act relu --benchmark_min_time=0.001 "$@" >out 2>err || code=$?
}

if "$HONE" list providers | grep -q '^clblast .*built without OpenCL'; then
    bench --shape 8x8x8
    [ $code -eq 3 ] || fail "without OpenCL it ends with $code instead of 3"
    echo "built without OpenCL"
    exit 77
fi

bench --shape 8x8x8 --device cpu
if "$HONE" list providers | grep -q '^clblast .* yes *$'; then
    [ $code -eq 3 ] || fail "on the CPU it ends with $code instead of 3"
    grep -q 'clblast runs on OpenCL devices, not on cpu; use --device opencl' err || fail "it does not say which device"
fi

HONE_CLBLAST=none.so "$HONE" list providers >listed
grep -q '^clblast .*HONE_CLBLAST: none.so' listed || fail "a missing file is not named: $(cat listed)"
HONE_CLBLAST=libm.so.6 "$HONE" list providers | grep -q '^clblast .*has no CLBlastSgemm' ||
    fail "clblast takes any library for its own"

skip() {
    echo "$*"
    exit 77
}
"$HONE" devices | grep -q '^opencl:0' || skip "there is no OpenCL device"
"$HONE" list providers | grep -q '^clblast .* yes *$' || skip "$("$HONE" list providers | grep '^clblast')"

HONE_CLBLAST=none.so bench --shape 8x8x8 --device opencl
[ $code -eq 3 ] || fail "with a missing file it ends with $code instead of 3"
grep -q 'HONE_CLBLAST: none.so' err || fail "the missing file is not named"

"$HONE" bench --device opencl --provider hone,clblast --act relu --shape 9x17x33 --benchmark_min_time=0.001 \
    --out both.json >out 2>err || fail "hone and clblast: $?"
[ "$(grep -c '"name": "gemm/opencl/f32/relu/9x17x33/\(hone\|clblast\)/' both.json)" -eq 2 ] ||
    fail "not both are measured: $(cat both.json)"
grep -q '"label": "Sgemm, then one pass"' both.json || fail "the label does not say how it is composed"

# ---- parameters of its tuners

# tuned DEVICE PARAMETERS: what a tuner would write, in parameters/.
tuned() {
    rm -rf parameters && mkdir parameters
    printf '{"kernel_family": "xgemm_direct_2", "precision": "32", "best_time": "0.5", "arg_m": "256", "arg_n": "256",
        "arg_k": "256", "device": "%s", "best_parameters": "%s", "results": []}' "$1" "$2" >parameters/direct.json
}
# refused TEXT: bench with parameters/ ends with exit code 4 and says TEXT.
refused() {
    HONE_CLBLAST_PARAMETERS=parameters bench --shape 8x8x8 --device opencl
    [ $code -eq 4 ] || fail "with unusable parameters it ends with $code instead of 4"
    grep -qF "$1" err || fail "it does not say '$1'"
}
model=$("$HONE" devices --json | python3 -c '
import json, sys
print(next(d["model"] for d in json.load(sys.stdin) if d["name"] == "opencl:0"))')
direct="KWID=2 MDIMAD=8 MDIMCD=8 NDIMBD=8 NDIMCD=8 PADA=1 PADB=1 PRECISION=32 VWMD=1 VWND=1 WGD=8"
rm -rf parameters
refused "the folder 'parameters' cannot be read"
mkdir parameters
refused 'has no file of clblast_tuner_xgemm'
echo '{"kernel_family": ' >parameters/cut.json
refused 'parameters/cut.json, line'
echo '{"benchmarks": []}' >parameters/cut.json
refused 'parameters/cut.json is not what one of CLBlast'
tuned "another device" "$direct"
refused "is of the device 'another device', not of '$model'"
tuned "$model" "KWID=two"
refused 'are not NAME=VALUE'
tuned "$model" "KWID=2"
refused 'CLBlast refuses the parameters of parameters/direct.json'
tuned "$model" "$direct"
HONE_CLBLAST_PARAMETERS=parameters bench --shape 9x17x33 --device opencl --out tuned.json
[ $code -eq 0 ] || fail "with parameters it ends with $code"
grep -q '"label": "Sgemm tuned, then one pass"' tuned.json || fail "the label does not say that it is tuned"
echo "clblast is measured beside hone, as shipped and tuned"
