#!/usr/bin/env bash
# The command on an OpenCL device that is lost while it measures: exit code 3, what was measured stays, and nothing is
# held against the configs.
set -uo pipefail

fail() {
    echo "FAIL: $*"
    cat out err 2>/dev/null
    exit 1
}
skip() {
    echo "skipped: $*"
    exit 77
}
shim=$BUILD_DIR/tests/opencl_loss.so
[ -e "$shim" ] || skip "built without OpenCL"
nm "$HONE" 2>/dev/null | grep -c __asan_init >/dev/null && skip "AddressSanitizer wants to be the first library of a process"
"$HONE" devices | grep -q '^opencl:0' || skip "there is no OpenCL device"

# lost STARTS COMMAND...: the device starts so many kernels. Its exit code in $code.
lost() {
    local starts=$1
    shift
    code=0
    LD_PRELOAD=$shim HONE_TEST_STARTS=$starts "$HONE" "$@" --device opencl >out 2>err || code=$?
}
lost 1 verify --shape 9x17x33 --act relu
[ $code -eq 3 ] || fail "verify ends with $code"
grep -q 'CL_DEVICE_NOT_AVAILABLE' err || fail "verify does not say what failed"

lost 40 bench --shape 9x17x33,12x17x33 --act relu --benchmark_min_time=0.001 --out lost.json
[ $code -eq 3 ] || fail "bench ends with $code"
python3 - <<'PY' || fail "bench timed calls that failed"
import json
cases = json.load(open("lost.json"))["benchmarks"]
assert all(c.get("error_occurred") or c["p50_us"] > 0 for c in cases), cases
assert any("CL_DEVICE_NOT_AVAILABLE" in c.get("error_message", "") for c in cases), cases
PY

# Whichever call is the first that fails: a config is packed twice, to be measured and to be verified.
for first in "300 " "7 pack" "8 pack"; do
    rm -f lost.db*
    export HONE_TEST_KERNEL=${first#* }
    lost "${first% *}" tune --db lost.db --shape 9x17x33 --act relu --max-evals 100000
    [ $code -eq 3 ] || fail "tune ends with $code after $first"
    "$HONE" db check --db lost.db --json >out 2>err || fail "the database is damaged: $?"
    python3 - <<'PY' || fail "the database has not what was measured, or failures, after $first"
import json
check = json.load(open("out"))
assert check["ok"] and check["measurements"] > 0 and check["failures"] == 0, check
PY
done
echo "a lost device is told, and costs nothing"
