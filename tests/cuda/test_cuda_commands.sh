# The commands on a device with memory of its own: bench, tune and query, warm and cold, weights packed and plain; what
# counts is the device's time, which is a part of the call's.
set -eu
small="--device cuda --shape 5x24x40 --dtype f16 --act relu"
cold_cache=5000 # bytes, of which a few copies of these operands are more than twice as many

for weights in packed plain; do
    for mode in "" --cold; do
        for us in 45 500; do
            HONE_EMULATOR_US=$us HONE_EMULATOR_L2=$cold_cache "$HONE" bench $small $mode --config "weights=$weights" \
                --benchmark_min_time=0.0002 --json >bench-$us.json 2>err.txt || { cat err.txt; exit 1; }
            python3 - "$mode" $us $weights <<'PY'
import json, sys
mode, us, weights = sys.argv[1], int(sys.argv[2]), sys.argv[3]
document = json.load(open(f"bench-{us}.json"))
case = document["benchmarks"][0]
context = document["context"]
assert context["clock"] == "device", context
assert not {"governor", "clock_mhz", "pinned", "huge_pages"} & set(context), context # of the host, whose clock is not it
assert "nan" not in context.values(), context
assert case["wall_p50_us"] > 0 and "device_p50_us" not in case and case["samples"] >= 60, case
# Short calls come in batches, with the 3 us of a launch in it once, and long ones alone, with each of their launches.
kernels = 1 if weights == "packed" else 2
if kernels * us < 100:
    assert case["batch"] >= 399 / kernels / (3 + us) and case["batch"] % case.get("cold_copies", 1) == 0, case
    assert abs(case["p50_us"] - (3 / case["batch"] + kernels * us)) < 0.01, case
    assert abs(case["call_p95_us"] - kernels * (3 + us)) < 0.01, case
else:
    assert "call_p50_us" not in case and case["batch"] == 1 and abs(case["p50_us"] - kernels * (3 + us)) < 0.01, case
assert case["err_bound_ratio"] <= 1, case
assert ("cold_copies" in case) == (mode == "--cold"), case
assert case.get("cold_copies", 99) * (5 * 40 + 40 * 24 + 5 * 24) * 2 > 2 * 5000, case
PY
        done
        HONE_EMULATOR_US=500 HONE_EMULATOR_L2=$cold_cache "$HONE" tune $small $mode --weights $weights --max-evals 4 --db x.db --json \
            >tune.json 2>err.txt || { cat err.txt; exit 1; }
        "$HONE" query $small --weights $weights --db x.db --require --json >query.json
        python3 - <<'PY'
import json
best, match = json.load(open("tune.json")), json.load(open("query.json"))
best = best[0] if isinstance(best, list) else best
assert match["match"] == "exact" and match["device"].startswith("cuda:") and match["p50_us"] > 0, match
assert best["evaluations"] >= 4 and "family=" in best["config"], best
PY
    done
done
# A device that is hot marks its samples, and they are kept; one at its usual limit on power is as it should be.
for slowed in "" yes; do
    env ${slowed:+HONE_EMULATOR_SLOWED=yes} "$HONE" bench $small --benchmark_min_time=0.0002 --json >bench.json 2>err.txt ||
        { cat err.txt; exit 1; }
    python3 - "$slowed" <<'PY'
import json, sys
case = json.load(open("bench.json"))["benchmarks"][0]
assert case["disturbed"] == (case["samples"] if sys.argv[1] else 0) and case["samples"] >= 60, case
assert case["device_clock_mhz"] == 1500 and case["device_power_w"] == 650, case
assert "device_celsius" not in case, case # it has no such sensor
PY
done
"$HONE" db check --db x.db
"$HONE" report x.db --markdown report.md
grep '^Measured' report.md >measured.txt
! grep -q 'governor\|MHz' measured.txt || { echo "the host's clock under a GPU"; cat measured.txt; exit 1; }

# Keys that are left out fit those that are given: the default is of another family.
for family in simt mma wgmma; do
    "$HONE" emit --device cuda:h200 --dtype f16 --shape 512x512x512 --config family=$family --out emitted.cu
    grep -q "^ \* config .*family=$family," emitted.cu || { echo "family=$family is not completed"; exit 1; }
done
"$HONE" verify $small --config family=simt >out.txt 2>err.txt || { cat out.txt err.txt; exit 1; }

# A kernel that fails is evidence against its config; a device that does not come back ends the command.
status=0
HONE_EMULATOR_FAIL=30 "$HONE" bench $small --config default --benchmark_min_time=0.0002 >out.txt 2>err.txt || status=$?
[ $status -eq 3 ] || { echo "a lost device: exit $status"; cat out.txt err.txt; exit 1; }
grep -q 'failed on the device.*ILLEGAL_ADDRESS' err.txt out.txt || { cat out.txt err.txt; exit 1; }

status=0
HONE_EMULATOR_FAIL=10 "$HONE" tune $small --max-evals 4 --db lost.db >out.txt 2>err.txt || status=$?
[ $status -eq 3 ] || { echo "tuning on a lost device: exit $status"; cat out.txt err.txt; exit 1; }
"$HONE" db check --db lost.db --json | python3 -c 'import json, sys; assert json.load(sys.stdin)["failures"] <= 1'

# The host's processor is timed by the host's clock.
"$HONE" bench --device cpu --shape 5x24x40 --config default --benchmark_min_time=0.0002 --json >bench.json 2>err.txt
grep -q '"clock": "host"' bench.json
if grep -q wall_p50_us bench.json; then exit 1; fi

# A device without a compiler is there and runs nothing. Where the system has an NVRTC, its folders are hidden, if that is
# allowed.
mkdir driver-alone hidden
ln -s "${LD_LIBRARY_PATH%%:*}/libcuda.so.1" driver-alone/
cat >alone.sh <<'SH'
set -e
for library in /usr/local/cuda/lib64/libnvrtc.so $(ldconfig -p | awk '/libnvrtc\.so/ { print $NF }'); do
    [ ! -e "$library" ] || mount --bind hidden "$(dirname "$(readlink -f "$library")")"
done
LD_LIBRARY_PATH=driver-alone CUDA_HOME= CUDA_PATH= "$HONE" devices "$@"
SH
hide=sh
[ ! -e /usr/local/cuda/lib64/libnvrtc.so ] && ! ldconfig -p | grep libnvrtc.so >/dev/null || hide="unshare -rm sh"
if [ "$hide" = sh ] || $hide -c 'mount --bind hidden hidden' 2>/dev/null; then
    $hide alone.sh >devices.txt
    grep -q 'obstacle .*libnvrtc.so is not there; install' devices.txt || { cat devices.txt; exit 1; }
    $hide alone.sh --json | python3 -c '
import json, sys
devices = {device["name"]: device for device in json.load(sys.stdin)}
assert not devices["cuda:0"]["available"] and "libnvrtc" in devices["cuda:0"]["reason"], devices
assert devices["cpu"]["available"] and "reason" not in devices["cpu"], devices'
else
    echo "skipped a part: the system's NVRTC cannot be hidden"
fi
