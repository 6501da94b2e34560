#!/usr/bin/env bash
# hone verify: every code path on ragged shapes, the JSON, and exit codes.
set -euo pipefail
export HONE_DB=$PWD/none.db

"$HONE" verify --shape 17x33x65,1x7x3 --dtype f32,f16,bf16,s8 --act gelu_erf,prelu,thresholded_relu --config all \
    --json >all.json 2>messages
"$HONE" verify --shape 9x17x33 --dtype s8 --a-type u8 --out-type f16 --rowscale --transposed --weights plain \
    --act silu --config all --json >options.json 2>messages

fail() {
    echo "FAIL: $*"
    exit 1
}
count() { grep -cE "$1" "$2" || true; }

for file in all.json options.json; do
    results=$(count '^    "name": ' $file)
    [ "$results" -gt 0 ] || fail "$file has no result"
    [ "$(grep -A1 '^  {' $file | grep -c '"name"')" = "$results" ] || fail "name is not the first field"
    for field in '"correct": true' '"unwritten": 0' '"touched": 0' '"err_bound_ratio": 0' '"err_max_abs": [0-9]' \
        '"err_rel_fro": [0-9]' '"checked": [1-9]' '"seed": 1' '"zero_fraction": [0-9]' '"entropy_bits": [0-9]' \
        '"dead_columns": [0-9]' '"nan_count": 0'; do
        [ "$(count "$field" $file)" = "$results" ] || fail "$file: not every result has $field"
    done
done
[ "$(count '"quant_sqnr_db": [0-9]' all.json)" = "$(count '"name": "gemm/s8/' all.json)" ] ||
    fail "quant_sqnr_db is for s8"
[ "$(count '/a=u8/out=f16/tb/plain/rowscale"' options.json)" = "$(count '"name"' options.json)" ] ||
    fail "the problem's options are lost"

# Every code path (the config without its blocking) runs each of its 6 problems.
sed -n 's/^    "config": "\(.*\)",$/\1/p' all.json | sed -E 's/(gm|gn|kc|mc|nc|copy)=[0-9]+,|(inner|epi|form|pf)=[a-z0-9]+,//g' | sort | uniq -c >paths
awk '$1 < 6 { print; bad = 1 } END { exit bad }' paths || fail "a code path was left out"
grep -q isa=scalar paths || fail "the scalar path was left out"

# For people: a row for each activation and a verdict.
"$HONE" verify --shape 9x17x33 --act relu,tanh --config default >table 2>messages
grep -q 'gemm/f32/relu/9x17x33 .* ok$' table
grep -q 'gemm/f32/tanh/9x17x33 .* ok$' table

expect() { # code, text on stderr, arguments
    local code=0
    "$HONE" verify "${@:3}" >stdout 2>stderr || code=$?
    if [ $code != "$1" ] || ! grep -qF -- "$2" stderr; then
        echo "FAIL: hone verify ${*:3}: exit code $code, expected $1 and '$2' in:"
        cat stderr
        exit 1
    fi
}
expect 2 "kc=17" --shape 8x8x8 --config kc=17
expect 2 "--shape" --config default
expect 2 "'extra'" --shape 8x8x8 extra
expect 4 "none.db" --shape 8x8x8 --config best

# A config that some problems cannot have: the others are verified, and the exit code tells.
expect 2 "hone verify: 1 of 2 problems cannot have the config" --shape 8x8x8,1x512x512 --threads 1 --config nc=512
grep -qF "hone verify: gemm/f32/identity/8x8x8 is skipped: --config 'nc=512': no config with nc=512 is legal" stderr
grep -q 'gemm/f32/identity/1x512x512 .* ok$' stdout
expect 2 "2 of 2 problems cannot have the config" --shape 8x8x8,9x9x9 --threads 1 --config nc=512 --json
test ! -s stdout
