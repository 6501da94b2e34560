#!/usr/bin/env bash
# scripts/bench-search: the program behind it on a small cache, and the script with a stand-in for the program.
set -u
failures=0
command -v python3 >/dev/null || { echo "python3 is missing" && exit 77; }

# expect CODE TEXT COMMAND...
expect() {
    local code=$1 text=$2 got
    shift 2
    "$@" >out 2>&1
    got=$?
    if [ $got -ne "$code" ] || ! grep -qF -- "$text" out; then
        echo "FAILED: $*: exit $got, expected $code with '$text'"
        sed 's/^/  | /' out
        failures=$((failures + 1))
    fi
}

# A slope over 40 x 40: the best of 1,600 configs is in a corner.
python3 - >slope.kt.json <<'END'
import json
print(json.dumps({"tune_params_keys": ["x", "y"], "cache": {
    f"{x},{y}": {"x": x, "y": y, "time": 1.0 + x + y, "compile_time": 5.0, "benchmark_time": 5.0}
    for x in range(40) for y in range(40)}}))
END
program=$BUILD_DIR/tests/bench_search
if [ -x "$program" ]; then
    expect 0 "slope.kt.json	1600" "$program" --seeds 2 --strategies local,random slope.kt.json
    "$program" --seeds 3 --strategies auto slope.kt.json | awk -F'\t' '$5 < 0.5 || $7 == "-" { exit 1 }' || {
        echo "FAILED: auto does not walk down a slope"
        failures=$((failures + 1))
    }
    expect 0 "| slope.kt.json | 1600 |" env BENCH_SEARCH="$program" "$SOURCE_DIR/scripts/bench-search" --seeds 1 \
        --strategies random slope.kt.json
fi
[ -x "$program" ] && expect 2 "'nonsense' is unknown" "$program" --strategies nonsense slope.kt.json
[ -x "$program" ] && expect 4 'absent.json' "$program" absent.json
[ -x "$program" ] && expect 2 'one cache or more' "$program"

cat >stand-in <<'END'
#!/bin/sh
printf 'gemm_a\t100\t50\tauto\t%s\t0.5\t%s\t90\t0.1\n' "$SCORE" "$REACHED"
printf 'other\t100\t50\tauto\t%s\t0.5\t-\t-\t0.1\n' "$SCORE"
END
chmod +x stand-in
export BENCH_SEARCH=$PWD/stand-in SCORE=0.7 REACHED=60 HONE_CACHES=$PWD/none
script=$SOURCE_DIR/scripts/bench-search
expect 0 'held' "$script" any
expect 0 '| `auto` | 0.700 | 0.700 |' "$script" any
SCORE=0.5 expect 1 'missed' "$script" any
REACHED=81 expect 1 'missed' "$script" any
REACHED=- expect 1 'missed' "$script" any
expect 0 '| gemm_a |' "$script" --parts any
expect 0 '--strategies LIST' "$script" --help
expect 2 "'--wrong' is unknown" "$script" --wrong
expect 2 'not a number of 1' "$script" --seeds 0 any
expect 4 'no caches in' "$script"
sed -i '1a echo broken; exit 4' stand-in
"$script" any >out 2>&1
[ $? -eq 4 ] || {
    echo "FAILED: the program's failure is not the script's"
    failures=$((failures + 1))
}
exit $((failures > 0))
