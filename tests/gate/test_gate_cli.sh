# hone gate on results files made by hand and on builds that print given
# results: verdicts, exit codes and JSON.
set -u
failures=0

# results FILE NAME=P50[:LOW:HIGH] ...: a results file; NAME=error is a wrong kernel.
results() {
    local file=$1 comma="" entry name value low high
    shift
    {
        echo '{"context": {"date": "2026-01-01T00:00:00+00:00", "library_build_type": "release"},'
        echo ' "benchmarks": ['
        for entry in "$@"; do
            name=${entry%%=*}
            IFS=: read -r value low high <<<"${entry#*=}"
            printf '%s{"name": "gemm/cpu/f32/relu/%s/hone/threads:1", "run_type": "iteration", ' "$comma" "$name"
            if [ "$value" = error ]; then
                printf '"error_occurred": true, "error_message": "wrong: ratio 3.1"}\n'
            else
                printf '"real_time": %s, "time_unit": "us", "p50_us": %s' "$value" "$value"
                [ -n "$low" ] && printf ', "p50_low_us": %s, "p50_high_us": %s' "$low" "$high"
                printf '}\n'
            fi
            comma=,
        done
        echo ']}'
    } >"$file"
}

# expect CODE TEXT ARGUMENTS...: exit code, and TEXT somewhere in the output.
expect() {
    local code=$1 text=$2 got
    shift 2
    "$HONE" gate "$@" >out 2>err
    got=$?
    if [ $got -ne "$code" ] || ! cat out err | grep -qF -- "$text"; then
        echo "FAILED: hone gate $*"
        echo "  exit $got, expected $code with '$text'"
        sed 's/^/  | /' out err
        failures=$((failures + 1))
    fi
}

results a.json 64x64x64=100:99:101 128x128x128=50:49.8:50.2
results same.json 64x64x64=100.5:99.5:101.5 128x128x128=50.1:49.9:50.3
results slow.json 64x64x64=130:129:131 128x128x128=50:49.8:50.2
results fast.json 64x64x64=80:79:81 128x128x128=50:49.8:50.2
results noisy.json 64x64x64=110:90:130 128x128x128=50:40:60
results half.json 64x64x64=110:90:130 128x128x128=50:49.8:50.2
results wrong.json 64x64x64=error 128x128x128=50:49.8:50.2
results fewer.json 64x64x64=100:99:101
results other.json 1x1x1=100:99:101
results none.json
results bare.json 64x64x64=100
results bare2.json 64x64x64=101
: >empty.json
echo 'not JSON' >text.json
head -c 300 a.json >cut.json
echo '{"context": {}, "benchmarks": [{"name": "x", "real_time": 1}]}' >foreign.json

expect 0 SAME a.json same.json
expect 0 SAME a.json a.json
expect 1 SLOW a.json slow.json
expect 0 FAST a.json fast.json
expect 5 UNSURE a.json noisy.json
expect 0 UNSURE a.json half.json
expect 1 "wrong: ratio 3.1" a.json wrong.json
expect 0 MISSING wrong.json a.json
expect 5 "missing from the candidate" a.json fewer.json
expect 0 MISSING fewer.json a.json
expect 5 "nothing was compared" a.json other.json
expect 5 "nothing was compared" a.json none.json
expect 0 SAME bare.json bare.json
expect 5 "repeat the runs" bare.json bare2.json
expect 0 SAME a.json slow.json --threshold 0.5
expect 5 "no p95_us" a.json same.json --metric p95_us
expect 4 "empty.json" a.json empty.json
expect 4 "text.json" a.json text.json
expect 4 "cut.json" cut.json a.json
expect 4 "foreign.json" a.json foreign.json
expect 4 "missing.json" a.json missing.json
expect 4 "'.'" a.json .
expect 2 "operands" a.json
expect 2 "operands" a.json a.json a.json
expect 2 "p51_us" a.json a.json --metric p51_us
expect 2 "threshold" a.json a.json --threshold=-1
expect 2 "alpha" a.json a.json --alpha 1
expect 2 "rounds" a.json a.json --rounds 0
expect 2 "--" a.json a.json -- --suite quick
expect 0 "Usage" --help

# A build is anything that prints results for `bench ... --json`; these log their turn.
build() {
    printf '#!/bin/sh\necho %s >>turns\necho "$@" >>arguments\n%s\n' "$1" "$2" >"$1"
    chmod +x "$1"
}
build old 'cat a.json'
build new 'cat same.json'
build slower 'cat slow.json'
build crashing 'kill -SEGV $$'
build refusing 'exit 2'
build silent 'true'
: >turns
: >arguments
expect 0 SAME ./old ./new --rounds 10 -- --suite quick --dtype f32
if [ "$(tr '\n' ' ' <turns | cut -c1-24)" != "old new new old old new " ]; then
    echo "FAILED: builds do not take turns: $(tr '\n' ' ' <turns)"
    failures=$((failures + 1))
fi
if [ "$(sort -u arguments)" != "bench --suite quick --dtype f32 --json" ]; then
    echo "FAILED: builds got: $(sort -u arguments)"
    failures=$((failures + 1))
fi
expect 1 SLOW ./old ./slower
expect 1 "signal 11" ./old ./crashing
expect 4 "signal 11" ./crashing ./old
expect 2 "code 2" ./old ./refusing
expect 4 "silent" ./old ./silent
expect 2 "two of a kind" ./old a.json

expect 1 '"verdict"' a.json slow.json --json
if command -v python3 >/dev/null; then
    python3 - <<'PYTHON' || failures=$((failures + 1))
import json
gate = json.load(open("out"))
assert gate["verdict"] == "SLOW", gate
cases = {case["name"]: case for case in gate["cases"]}
slow = cases["gemm/cpu/f32/relu/64x64x64/hone/threads:1"]
assert slow["verdict"] == "SLOW" and slow["metric"] == "p50_us", slow
assert abs(slow["ratio"] - 1.3) < 1e-9 and slow["ci_low"] < 1.3 < slow["ci_high"], slow
assert cases["gemm/cpu/f32/relu/128x128x128/hone/threads:1"]["verdict"] == "SAME", cases
PYTHON
fi

[ $failures -eq 0 ]
