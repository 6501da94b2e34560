#!/usr/bin/env bash
# scripts/bench-tune on the smallest space there is: its tables, its verdict, and what it refuses.
set -euo pipefail

command -v python3 >/dev/null || { echo "python3 is missing" && exit 77; }
fail() {
    echo "FAIL: $*"
    exit 1
}

export BENCH_CONFIGS=$BUILD_DIR/tests/bench_configs
bench() { "$SOURCE_DIR/scripts/bench-tune" "$@"; }

# expect CODE WORD ARGUMENT...
expect() {
    local code=0 expected=$1 word=$2
    shift 2
    bench "$@" >out 2>err || code=$?
    [ "$code" -eq "$expected" ] || fail "exit code $code, not $expected: $* ($(cat err))"
    grep -q -- "$word" err || fail "'$word' is not said: $* ($(cat err))"
}
expect 2 'nonsense' --parts nonsense
expect 2 'seeds' --seeds 0
expect 2 'bogus' --bogus
expect 4 '/proc/none' --parts optimum --folder /proc/none
bench --help >out
grep -q '^  scripts/bench-tune' out || fail "--help does not help"

# Whether the bars hold is the machine's affair: 0 or 1.
code=0
bench --parts optimum,stability,transfer --seeds 1 --shapes 1x1x1 --stable 1x1x1 --act relu --budget 5s --folder kept \
    >out 2>err || code=$?
[ "$code" -le 1 ] || fail "exit code $code: $(cat err)"
[ "$(grep -c '^| 1x1x1 |' out)" -eq 3 ] || fail "not three tables of one row: $(cat out)"
grep -qE '^\| 1x1x1 \| [0-9]+ \| [0-9]+ \| [0-9.]+, ' out || fail "optimum: $(cat out)"
[ -s kept/1x1x1-relu.t4.json ] || fail "what was measured is not kept"
[ ! -e kept/all.db ] && [ ! -e kept/stable.db ] && [ ! -e kept/near.db ] || fail "databases are left behind: $(ls kept)"
