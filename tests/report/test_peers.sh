# hone report --peers: its table out of results files written here, and bad input.
set -u
failures=0

# entry NAME PROVIDER P50 [LABEL [ROOF]]: one case of hone bench; a P50 of "wrong" is an error.
entry() {
    if [ "$3" = wrong ]; then
        printf '{"name": "gemm/cpu/%s/%s/threads:2", "run_type": "iteration", "error_occurred": true, "error_message": "%s is wrong"}' "$1" "$2" "$2"
    else
        printf '{"name": "gemm/cpu/%s/%s/threads:2", "run_type": "iteration", "p50_us": %s, "label": "%s"%s}' "$1" "$2" "$3" "${4-x; y}" \
            "${5:+, \"pct_roof\": $5}"
    fi
}
# results FILE ENTRY...: a results file.
results() {
    local file=$1 separator=
    shift
    {
        printf '{"context": {"cpu_model": "test CPU", "mode": "warm", "hone_build": "b"},\n"benchmarks": ['
        for entry; do
            printf '%s\n%s' "$separator" "$entry"
            separator=,
        done
        printf ']}\n'
    } >"$file"
}
# expect CODE TEXT ARGUMENTS...: exit code, and TEXT somewhere in the output.
expect() {
    local code=$1 text=$2 got
    shift 2
    "$HONE" report "$@" >out 2>err
    got=$?
    if [ $got -ne "$code" ] || ! cat out err | grep -qF -- "$text"; then
        echo "FAILED: hone report $*"
        echo "  exit $got, expected $code with '$text'"
        sed 's/^/  | /' out err
        failures=$((failures + 1))
    fi
}

# Ratios 4 and 1: the faster of two peers counts, unfused is none, aggregates are not cases. Each entry
# says what part of the roof it reached.
results a.json \
    "$(entry f32/relu/256x256x256 hone 671.08864 x 50)" \
    "$(entry f32/relu/256x256x256 unfused 1)" \
    "$(entry f32/relu/256x256x256 onednn 2684.35456 'oneDNN 3.2.0 brg; packed weights' 12.5)" \
    "$(entry f32/relu/256x256x256 mkl 9000 x 4)" \
    "$(entry f32/silu/256x256x256 hone 1342.17728 x 25)" \
    "$(entry f32/silu/256x256x256 onednn 1342.17728 x 25)" \
    "$(entry f32/tanh/256x256x256 hone 10)" \
    "$(entry f32/tanh/256x256x256 onednn wrong)" \
    '{"name": "gemm/cpu/f32/relu/256x256x256/hone/threads:2_mean", "run_type": "aggregate", "p50_us": 1}'
expect 0 '2 cases compared, hone the faster in 2; 1 without hone or without a peer; 1 entries wrong' --peers a.json
expect 0 '| f32, 2 | **2.00** 35 / 18 (2) | | | | | | **2.00** 35 / 18 (2) |' --peers a.json
expect 0 '| relu | **4.00** 50 / 13 (1) | | | | | | **4.00** 50 / 13 (1) |' --peers a.json
expect 0 '| gemm/f32/silu/256x256x256 | 2 | square | 1342 | 1342 onednn | 1.00 | 25 |' --peers a.json
expect 0 'onednn: oneDNN 3.2.0 brg; mkl: x' --peers a.json
expect 0 'test CPU, warm, hone b' --peers a.json
grep -A2 'lowest ratios' out | tail -n 1 | grep -q silu || {
    echo "FAILED: the lowest ratio does not come first"
    failures=$((failures + 1))
}

# Every class; a whole problem comes from the label; a file may know no roof.
results b.json \
    "$(entry s8/relu/2x47x30 hone 2 'c problem=gemm/s8/relu/2x47x30/a=u8/out=f32')" \
    "$(entry s8/relu/2x47x30 mkl 1 'm problem=gemm/s8/relu/2x47x30/a=u8/out=f32')" \
    "$(entry f32/relu/1x4096x4096 hone 13430 x 50)" "$(entry f32/relu/1x4096x4096 mkl 13430)" \
    "$(entry f32/relu/32x2048x2048 hone 1)" "$(entry f32/relu/32x2048x2048 mkl 3)" \
    "$(entry f32/relu/2000x64x64 hone 1)" "$(entry f32/relu/2000x64x64 mkl 5)" \
    "$(entry f32/relu/128x3072x768 hone 1)" "$(entry f32/relu/128x3072x768 mkl 6)"
expect 0 '| u8 -> f32, 2 | | **0.50**' --peers b.json
expect 0 '| decode | 1.343e+04 |' --peers b.json
expect 0 '1.343e+04 mkl | 1.00 | 50 |' --peers b.json
for class in skinny narrow regular; do
    grep -q "| $class | 1 |" out || {
        echo "FAILED: no case is $class"
        failures=$((failures + 1))
    }
done
expect 0 '7 cases compared' --peers a.json b.json

# Of two files with the same case the later counts.
results c.json "$(entry f32/relu/256x256x256 hone 100)" "$(entry f32/relu/256x256x256 mkl 300)"
expect 0 '| gemm/f32/relu/256x256x256 | 2 | square | 100 | 300 mkl | 3.00 |' --peers a.json c.json

expect 0 'page.md' --peers a.json --markdown page.md
grep -q '^# Hone beside other libraries' page.md || {
    echo "FAILED: page.md has no heading"
    failures=$((failures + 1))
}
results alone.json "$(entry f32/relu/256x256x256 hone 100)"
expect 5 'no case was measured' --peers alone.json
expect 2 'without a results file' --peers
expect 2 'Markdown only' --peers a.json --csv x.csv
expect 4 'missing.json' --peers missing.json
echo '{"context": {}, "benchmarks": [{"name": "BM_other", "real_time": 1}]}' >other.json
expect 4 'BM_other' --peers other.json
results foreign.json "$(entry f32/relu/12 hone 100)"
expect 4 'foreign.json' --peers foreign.json
echo '{"context": {}' >cut.json
expect 4 'cut.json' --peers cut.json
expect 4 'no/folder' --peers a.json --markdown no/folder/page.md

[ $failures -eq 0 ]
