#!/usr/bin/env bash
# hone bench: names, labels, counters and exit codes; never a time.
set -euo pipefail
export HONE_DB=$PWD/none.db

"$HONE" bench --shape 7x33x17,1x64x32 --dtype f32,s8 --act gelu_tanh,relu --provider hone,unfused --config default \
    --threads 1 --benchmark_min_time=0.001 --json --out copy.json >out.json 2>messages

fail() {
    echo "FAIL: $*"
    exit 1
}
# count PATTERN FILE: lines that match.
count() { grep -cE "$1" "$2" || true; }

# Two shapes, two types, two activations, two providers.
names='"name": "gemm/cpu/(f32|s8)/(gelu_tanh|relu)/(7x33x17|1x64x32)/(hone|unfused)/threads:1"'
[ "$(count "$names" out.json)" = 16 ] || fail "the names are: $(grep '"name"' out.json)"
[ "$(count '"name"' out.json)" = 16 ] || fail "there are more entries: $(grep '"name"' out.json)"
diff <(grep '"name"' out.json) <(grep '"name"' copy.json) || fail "--out has other cases"
[ "$(count '"label": "([a-z]+=[a-z0-9]+,)*isa=[a-z0-9]+,' out.json)" = 16 ] || fail "the labels are no configs"
[ "$(count error_occurred out.json)" = 0 ] || fail "there are errors: $(grep error out.json)"
for counter in min_us p50_us p50_low_us p50_high_us p95_us gflops pct_peak pct_roof peak_gops samples cv err_max_abs err_rel_fro \
    err_bound_ratio batch disturbed settled; do
    [ "$(count "\"$counter\": [0-9][0-9.]*e[+-][0-9]+" out.json)" = 16 ] || fail "$counter is not in every entry"
done
[ "$(count quant_sqnr_db out.json)" = 8 ] || fail "only s8 entries have quant_sqnr_db"
awk -F'[:,]' '/"samples"/ && $2 < 60 || /"err_bound_ratio"/ && ($2 < 0 || $2 > 1) { print; bad = 1 } END { exit bad }' \
    out.json || fail "too few samples, or a bound that does not hold"
for key in hone_build fingerprint cpu_model compiler seed peak_gops; do
    grep -qE "^    \"$key\": \"..*\"" out.json || fail "the context lacks $key"
done
grep -q '"mode": "warm"' out.json || fail "the mode is not warm"

# Options that are not the default are in the label, and weights=plain is one of them.
"$HONE" bench --shape 7x33x17 --config weights=plain --act clip:min=-1:max=1 --threads 1 \
    --benchmark_min_time=0.001 --json >plain.json 2>messages
grep -q 'problem=gemm/f32/clip/7x33x17/min=-1/max=1/plain"' plain.json

# Reading is a limit where the operands exceed a core's own cache; the roof is the lower limit.
"$HONE" bench --shape 1x2048x2048 --threads 1 --benchmark_min_time=0.001 --json >large.json 2>messages
awk -F'[:,]' '/"p50_us"/ { us = $2 } /"pct_peak"/ { peak = $2 } /"pct_roof"/ { roof = $2 } /"read_gbps": [0-9]/ { gbps = $2 }
    END { bytes = 4 * (2048 * 2048 + 3 * 2048); reading = bytes / gbps / us / 10
          exit !(roof >= peak - 1e-3 && roof >= reading * 0.999) }' large.json || fail "the roof is not the lower limit"

# The library's flags work.
test "$("$HONE" bench --shape 8x8x8 --provider hone,unfused --benchmark_list_tests 2>messages | wc -l)" = 2
"$HONE" bench --shape 8x8x8 --threads 1 --benchmark_repetitions=2 --benchmark_min_time=0.001 --json >twice.json 2>messages
test "$(grep -c '"repetition_index"' twice.json)" = 2

# Cold calls rotate operands; the number of copies is told.
"$HONE" bench --shape 256x256x256 --threads 1 --cold --benchmark_min_time=0.001 --json >cold.json 2>messages
grep -q '"cold_copies"' cold.json
grep -q '"mode": "cold"' cold.json

# All providers of this build that can run it.
"$HONE" bench --shape 16x32x48 --provider all --benchmark_min_time=0.001 --json >all.json 2>messages
test "$(grep -c '"run_type": "iteration"' all.json)" -ge 2

expect() { # code, text on stderr, arguments
    local code=0
    "$HONE" bench "${@:3}" >stdout 2>stderr || code=$?
    if [ $code != "$1" ] || ! grep -qF -- "$2" stderr; then
        echo "FAIL: hone bench ${*:3}: exit code $code, expected $1 and '$2' in:"
        cat stderr
        exit 1
    fi
}
# A config that some problems cannot have leaves those out; one that none can have is an error.
some=(--shape 8x8x8,1x512x512,9x9x9 --threads 1 --config nc=512 --benchmark_min_time=0.001)
expect 0 "hone bench: gemm/f32/identity/8x8x8 is skipped: --config 'nc=512': no config with nc=512 is legal for this problem, by the constraint" "${some[@]}" --json
grep -qF "gemm/f32/identity/9x9x9 is skipped" stderr || fail "only the first is named: $(cat stderr)"
grep -q '"name": "gemm/cpu/f32/identity/1x512x512/hone/threads:1"' stdout || fail "the third problem is not measured"
[ "$(count '"name"' stdout)" = 1 ] || fail "there are more entries: $(grep '"name"' stdout)"
expect 2 "2 of 2 problems cannot have the config" --shape 8x8x8,9x9x9 --threads 1 --config nc=512
expect 2 "--config weights=packed contradicts --weights plain" --shape 8x8x8 --config weights=packed --weights plain
expect 2 "9x9x9 is skipped: --config 'mr=1000': mr=1000 is not legal" --shape 8x8x8,9x9x9 --config mr=1000
[ ! -s stdout ] || fail "nothing was measured, and there is output: $(cat stdout)"

expect 3 "openblas" --shape 8x8x8 --dtype f16 --provider openblas
expect 4 "none.db" --shape 8x8x8 --config best
expect 2 "mr=1000" --shape 8x8x8 --config mr=1000
expect 2 "weights are packed or plain" --shape 8x8x8 --config weights=loose
expect 2 "'extra'" --shape 8x8x8 extra
expect 4 "choose a smaller shape" --shape 131072x131072x131072 --threads 1
expect 5 "nothing was measured" --shape 8x8x8 --benchmark_filter=none
