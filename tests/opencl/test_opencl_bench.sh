# The command on an OpenCL device: bench has the device's own time beside the call's, and the share of its limits; query
# falls back to a default, emit prints what compiles; and what it says where there is no platform.
set -eu
status=0
OCL_ICD_VENDORS=/nonexistent "$HONE" verify --device opencl --shape 8x8x8 >out.txt 2>err.txt || status=$?
[ $status -eq 3 ] || { echo "no platform: exit $status"; cat err.txt; exit 1; }
grep -q 'opencl' err.txt

if ! "$HONE" devices | grep -q '^opencl:0'; then
    echo "skipped: no OpenCL device"
    exit 77
fi
"$HONE" bench --device opencl --shape 33x40x50 --act mish --provider hone,unfused --config default --json >bench.json 2>err.txt
python3 - <<'PY'
import json
case, unfused = json.load(open("bench.json"))["benchmarks"]
assert case["name"].startswith("gemm/opencl/f32/mish/33x40x50/hone"), case["name"]
assert 0 < case["device_p50_us"] < 1e6 and case["p50_us"] > 0, case
assert case["err_bound_ratio"] <= 1, case
assert 0 < case["pct_peak"] < 100, case
assert unfused["name"].startswith("gemm/opencl/f32/mish/33x40x50/unfused") and unfused["p50_us"] > 0, unfused
PY
"$HONE" devices --measure --json >devices.json 2>err.txt
python3 - <<'PY'
import json
peaks = next(d for d in json.load(open("devices.json")) if d["name"] == "opencl:0")["peak_gops"]
assert all(peaks[k] and peaks[k] > 0 for k in ("f32", "f16", "s8")), peaks
PY
"$HONE" emit --device opencl --shape 33x40x50 --act mish >variant.cl
grep -q '__kernel' variant.cl
# The command in its head works, whatever the device's instruction for 8-bit products.
for dtype in f32 s8; do
    "$HONE" emit --device opencl --shape 33x40x52 --act mish --dtype $dtype >variant.cl
    command=$(sed -n 's/^ \* \(clang .*\) THIS_FILE.cl$/\1/p' variant.cl)
    [ -n "$command" ] || { echo "no command in the head"; exit 1; }
    if command -v clang >/dev/null; then
        $command variant.cl || { echo "$command: does not compile"; exit 1; }
    fi
done
"$HONE" devices | sed -n '/^opencl:0/,/^[a-z]*$/p' | grep -q '^  code paths   tile'
"$HONE" bench --device opencl --shape 33x40x50 --provider hone --config mr=99 >out.txt 2>err.txt && exit 1
grep -q 'mr=99' err.txt
