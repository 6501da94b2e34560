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

HONE_CLBLAST=none.so "$HONE" list providers >providers
grep -q '^clblast .*HONE_CLBLAST: none.so' providers || fail "a missing file is not named: $(cat providers)"
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
echo "clblast is measured beside hone"
