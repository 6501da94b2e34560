# scripts/gpu without a GPU: what it leaves behind, when its time is up, and what it refuses.
set -eu
if [ "$HONE" != "$BUILD_DIR/hone" ]; then
    echo "skipped: the command runs under an emulator of another processor"
    exit 77
fi
gpu=$SOURCE_DIR/scripts/gpu

fail() {
    echo "FAIL: $*"
    cat err.txt out/log.txt 2>/dev/null
    exit 1
}
# ends_with CODE ARGUMENTS...
ends_with() {
    local wanted=$1 code=0
    shift
    "$gpu" "$@" >out.txt 2>err.txt || code=$?
    [ $code -eq "$wanted" ] || fail "scripts/gpu $*: exit $code, not $wanted"
}

ends_with 0 --dry-run --out out --seconds 500
for file in hone.db bench.json log.txt device.txt; do
    [ -s "out/$file" ] || fail "$file is missing or empty"
done
python3 - <<'PY' || fail "bench.json is not as it should be"
import json
cases = json.load(open("out/bench.json"))["benchmarks"]
names = {case["name"] for case in cases if case["name"].endswith("/hone/threads:1")}
assert len(names) == 4 and all(name.startswith("gemm/cuda/") for name in names), names
assert all(case.get("call_p50_us", case["p50_us"]) < case["wall_p50_us"] for case in cases if "/hone/" in case["name"]), cases
PY
"$HONE" query --device cuda --dtype s8 --act relu --shape 32x32x32 --db out/hone.db --require >query.txt || fail "no winner"

ends_with 5 --dry-run --out late --seconds 1
[ -s late/log.txt ] || fail "nothing is left when the time is up"

ends_with 2 --seconds soon
grep -q "'soon'" err.txt || fail "the value is not named"
ends_with 2 --out
ends_with 2 fast
HONE=$PWD/none ends_with 4 --dry-run
ends_with 0 --help
grep -q 'Exit codes' out.txt || fail "--help does not tell the exit codes"

# What is carried runs by itself.
ends_with 0 --carry carried
env -u HONE LD_LIBRARY_PATH="$PWD/carried/lib" carried/hone --help >out.txt || fail "what is carried does not run"
code=0
env -u HONE LD_LIBRARY_PATH="$PWD/carried/lib" carried/gpu --dry-run --out there >out.txt 2>err.txt || code=$?
[ $code -eq 2 ] && grep -q 'no emulated driver' err.txt out.txt || fail "--dry-run where it was carried: $code"
[ -x carried/gpu ] && [ -x carried/tests/test_cuda_kernels ] || fail "something is not carried"
