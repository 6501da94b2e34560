#!/usr/bin/env bash
# hone query: what it answers, how it says so, and its exit codes.
set -euo pipefail

fail() {
    echo "FAIL: $*"
    exit 1
}

# expect CODE COMMAND...: its output goes to out and err.
expect() {
    local code=$1 got=0
    shift
    "$@" >out 2>err || got=$?
    [ "$got" -eq "$code" ] || fail "'$*' exited $got, not $code: $(cat err)"
}

says() { grep -q -- "$1" "${2:-out}" || fail "'$1' is not in: $(cat "${2:-out}")"; }

unset HONE_DB
export XDG_DATA_HOME=$PWD/data HOME=$PWD
. "$SOURCE_DIR/tests/cli/evidence.sh"
[ -n "$device" ] && [ -n "$build" ] && [ -n "$config" ] && [ -n "$threads" ] || fail "no device, build or config"

query=("$HONE" query --act relu)

# No database anywhere: the default, and a note. One that was named must exist.
expect 0 "${query[@]}" --shape 64x64x64 --json
says '"match": "default"'
says '"samples": 0'
says '"p50_us": null'
says '"matched_problem": null'
says 'there is no database' err
expect 4 "${query[@]}" --shape 64x64x64 --db missing.db
says "missing.db" err
HONE_DB=missing.db expect 4 "${query[@]}" --shape 64x64x64
[ ! -s out ] || fail "an error left output"
expect 1 "${query[@]}" --shape 64x64x64 --require

evidence 64x64x64 "$config" 20 | "$HONE" db import - --db known.db
known=("${query[@]}" --db known.db)

# Every field of the contract.
expect 0 "${known[@]}" --shape 64x64x64 --json
for name in match problem matched_problem device config p50_us p95_us gflops err_rel_fro err_bound_ratio samples \
    measured_at build; do
    says "^  \"$name\": "
done
says '"match": "exact"'
says '"problem": "gemm/f32/relu/64x64x64"'
says '"p50_us": 20.0'
says '"gflops": 26.21' # 2 * 64^3 / 20 us
says '"samples": 2'
says "\"config\": \"$config\""
expect 0 "${known[@]}" --shape 64x64x64 --require
HONE_DB=known.db expect 0 "${query[@]}" --shape 64x64x64 --require

# How it matched, in words and in codes.
expect 0 "${known[@]}" --shape 64x64x64
says 'exact: '
expect 0 "${known[@]}" --shape 64x72x64
says 'near: '
says 'gemm/f32/relu/64x64x64'
expect 1 "${known[@]}" --shape 64x72x64 --require
says "the best match is 'near' where 'exact' is required" err
expect 0 "${known[@]}" --shape 64x72x64 --require=near
expect 0 "${known[@]}" --shape 64x72x64 --require=family
expect 1 "${known[@]}" --shape 640x640x640 --require=family
expect 0 "${known[@]}" --shape 640x640x640 --json
says '"match": "default"'

# Several problems are an array.
expect 0 "${known[@]}" --shape 64x64x64,64x72x64 --json
[ "$(head -c 1 out)" = '[' ] && [ "$(grep -c '"match"' out)" -eq 2 ] || fail "two answers are no array of two"
expect 1 "${known[@]}" --shape 64x64x64,64x72x64 --require

# One without an answer within the limits is named; the others are answered, and the code is as for it alone.
evidence 64x64x64 "$config" 20 | sed 's/"correct":1/&,"workspace_bytes":4096/' | "$HONE" db import - --db limits.db
limited=("${query[@]}" --db limits.db --max-workspace 4096)
expect 1 "${limited[@]}" --shape 640x640x640
says '^hone query: nothing known about gemm/f32/relu/640x640x640' err
[ ! -s out ] || fail "no answer, and output: $(cat out)"
expect 1 "${limited[@]}" --shape 640x640x640,64x64x64,641x641x641
says '^problem  gemm/f32/relu/64x64x64'
[ "$(grep -c '^problem ' out)" -eq 1 ] || fail "more than one has an answer: $(cat out)"
for shape in 640x640x640 641x641x641; do
    says "^hone query: nothing known about gemm/f32/relu/$shape" err
done
expect 1 "${limited[@]}" --shape 640x640x640,64x64x64 --json
[ "$(head -c 1 out)" = '[' ] && [ "$(grep -c '"match"' out)" -eq 1 ] || fail "one answer of two is no array of one"
expect 1 "${limited[@]}" --shape 640x640x640,641x641x641 --json
[ "$(tr -d "[:space:]" <out)" = "[]" ] || fail "no answers, and output: $(cat out)"
expect 0 "${limited[@]}" --shape 64x64x64,64x64x64
expect 3 "${query[@]}" --db limits.db --shape 640x640x640,64x64x64 --isa none
says "^hone query: gemm/f32/relu/64x64x64: device 'cpu' has no isa 'none'" err

# The error bound, the objective and the number of threads are part of the question.
expect 0 "${known[@]}" --shape 64x64x64 --max-error 1e-5 --require --objective p95
expect 1 "${known[@]}" --shape 64x64x64 --max-error 1e-9 --require=family
if [ "$threads" -gt 1 ]; then
    expect 1 "${known[@]}" --shape 64x64x64 --threads 1 --require
fi

# Another build's evidence is used only when allowed, and said to be stale.
evidence 64x64x64 "$config" 20 another-build | "$HONE" db import - --db stale.db
expect 1 "${query[@]}" --db stale.db --shape 64x64x64 --require
"${query[@]}" --db stale.db --shape 64x64x64 2>&1 >/dev/null | grep -q 'stale exact match.*another-build'
expect 0 "${query[@]}" --db stale.db --shape 64x64x64 --require --allow-stale --json
says '"stale": true'
says '"build": "another-build"'
expect 0 "${query[@]}" --db stale.db --shape 64x64x64 --allow-stale
says 'stale'

# Evidence whose config is not in the space is not believed.
evidence 64x64x64 "mr=9999" 1 | "$HONE" db import - --db hostile.db
expect 0 "${query[@]}" --db hostile.db --shape 64x64x64 --json
says '"match": "default"'

# Usage.
expect 2 "$HONE" query
expect 2 "${known[@]}" --shape 64x64x64 --require=perfect
says "'perfect' is unknown" err
expect 2 "${known[@]}" --shape 64x64x64 --objective mean
expect 2 "${known[@]}" --shape 64x64x64 --max-error -1
expect 2 "${known[@]}" 64x64x64
expect 2 "${known[@]}" --shape 0x1x1
expect 0 "$HONE" query --help
