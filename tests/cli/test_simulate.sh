#!/usr/bin/env bash
# 'hone tune --simulate' over caches made here: both formats, plain and gzipped, with failures, holes and damage;
# and 'hone db export --format t4', which it reads back.
set -euo pipefail

fail() {
    echo "FAIL: $*"
    exit 1
}

# simulate CODE ARGUMENT...: exit code; stdout in out, stderr in err.
simulate() {
    local code=$1 got=0
    shift
    timeout 120 "$HONE" tune --simulate "$@" >out 2>err </dev/null || got=$?
    [ "$got" -eq "$code" ] || fail "--simulate $* exits with $got, not $code: $(cat err)"
    ! grep -qE 'Sanitizer|runtime error' err || fail "a sanitizer complains: $(cat err)"
}

says() { grep -qF -- "$1" err || fail "'$1' is not said: $(cat err)"; }
value() { sed -n "s/^ *\"$1\": \(.*[^,]\),*\$/\1/p" out | head -1; }
is() { [ "$(value "$1")" = "$2" ] || fail "$1 is $(value "$1"), not $2"; }

# ---- caches of a space of 8 x 6 x 2: value (x-5)^2 + (y-1)^2 + 10 w + 1 ms, a second each; x = 7 fails

kt() {
    echo '{"device_name": "Some GPU", "kernel_name": "k", "problem_size": [64, 32],'
    echo ' "tune_params_keys": ["x", "y", "w"], "tune_params": {"x": [], "y": [], "w": []}, "cache": {'
    local separator='' x y w value
    for x in 0 1 2 3 4 5 6 7; do
        for y in 0 1 2 3 4 5; do
            for w in 0 1; do
                value=$(((x - 5) * (x - 5) + (y - 1) * (y - 1) + 10 * w + 1)).0
                [ "$x" -lt 7 ] || value='"CompilationFailedConfig"'
                printf '%s"%d,%d,%d": {"x": %d, "y": %d, "w": %d, "time": %s, "compile_time": 600.0, ' \
                    "$separator" $x $y $w $x $y $w "$value"
                printf '"verification_time": 0, "benchmark_time": 300.0, "framework_time": 100, "power": NaN}\n'
                separator=','
            done
        done
    done
    echo '}}'
}

t4() {
    echo '{"metadata": {"timeunit": "seconds"}, "schema_version": "1.0.0", "results": ['
    local separator='' x y w valid
    for x in 0 1 2 3 4 5 6 7; do
        for y in 0 1 2 3 4 5; do
            for w in false true; do
                valid='"correct", "correctness": 1'
                [ "$x" -lt 7 ] || valid='"runtime", "correctness": 0'
                printf '%s{"configuration": {"x": %d, "y": %d, "w": %s}, "times": {"compilation": 0.5, ' \
                    "$separator" $x $y $w
                printf '"search_algorithm": 99, "runtimes": [0.25, 0.25]}, "invalidity": %s, ' "$valid"
                printf '"measurements": [{"name": "power", "value": 3}, {"name": "time", "value": %d, "unit": ""}], ' \
                    $(((x - 5) * (x - 5) + (y - 1) * (y - 1) + 1))
                printf '"objectives": ["time"]}\n'
                separator=','
            done
        done
    done
    echo ']}'
}

kt >kt.json
t4 >t4.json
gzip -k kt.json t4.json

for file in kt.json kt.json.gz; do
    simulate 0 $file --json
    is best 1.0
    is config '"w=0,x=5,y=1"'
    is evaluations 96
    is space_size 96
    is failures 12
    is seconds 96.0
    is unit '"ms"'
    is problem '"k 64x32"'
    is device '"Some GPU"'
    is objective '"time"'
done
for file in t4.json t4.json.gz; do
    simulate 0 $file --json
    is best 1.0
    is evaluations 96
    is seconds 96.0
    is unit '"s"'
    is failures 12
    is problem "\"$file\""
done

# ---- only times: of GFLOP/s more would be better, and a search takes less

objective() { sed "s|\"name\": \"time\"|\"name\": \"$1\"|; s|\"unit\": \"\"|\"unit\": \"$2\"|; s|\[\"time\"\]|[\"$1\"]|" t4.json; }
for pair in 'GFLOP/s ' 'GFLOP/s GFLOP/s' 'time GFLOP/s' 'nvml_energy J' 'time 1/s' 'time second^-1'; do
    objective "${pair% *}" "${pair#* }" >other.json
    simulate 4 other.json
    says "its objective '${pair% *}' (unit '${pair#* }') is no time"
    [ ! -s out ] || fail "an objective of '$pair' has a result: $(cat out)"
done
objective latency microseconds >latency.json
simulate 0 latency.json --json
is objective '"latency"'
is unit '"us"'
is best 1.0
# Results of two objectives or units, and one that lacks its objective: it has failed.
sed '5s/"unit": ""/"unit": "ms"/' t4.json >mixed.json
simulate 4 mixed.json
says "its objective is 'time' in ms, that of others is 'time' in s"
objective GFLOP/s s | sed 1d >rates
{ sed '$d' t4.json && sed 's/^{/,{/; s/"x": /"x": 1/' rates; } >mixed.json
simulate 4 mixed.json
says "its objective is 'GFLOP/s' in s, that of others is 'time' in s"
sed 's/{"name": "time", "value": 1, "unit": ""}/{"name": "energy", "value": 0, "unit": "J"}/' t4.json >lacking.json
simulate 0 lacking.json --json
is best 2.0
is failures 14
# Without objectives: the time.
sed 's/"objectives": \["time"\]/"objectives": []/' t4.json >unsaid.json
simulate 0 unsaid.json --json
is best 1.0
is objective '"time"'
# What a Kernel Tuner cache was tuned for is another's affair: it has times.
sed '1s/{/{"objective": "GFLOP\/s", /' kt.json >rates.json
simulate 0 rates.json --json
is best 1.0
is objective '"time"'

# ---- budgets are of the simulated clock, and seeds repeat

simulate 0 kt.json --budget 10.5s --json
is evaluations 10
is seconds 10.5
simulate 0 kt.json --max-evals 7 --json
is evaluations 7
is seconds 7.0
[ "$(sed -n '/"trace": \[/,/\]/p' out | grep -c '^ *[0-9n]')" -eq 7 ] || fail "the trace has not 7 values: $(cat out)"
simulate 5 kt.json --budget 0.5s
says 'within the first evaluation'
[ ! -s out ] || fail "a simulation without a result prints one"
for strategy in auto exhaustive random local genetic annealing differential model; do
    simulate 0 kt.json --strategy $strategy --seed 3 --max-evals 40 --json
    cp out first
    simulate 0 kt.json.gz --strategy $strategy --seed 3 --max-evals 40 --json
    sed -i 's/kt.json.gz/kt.json/' out
    cmp out first || fail "$strategy: the same seed and another result"
done
simulate 0 kt.json
grep -q '1 ms *96 of 96 *12 *96.0 *w=0,x=5,y=1' out || fail "the table: $(cat out)"

# ---- a T1 space: conditions prune, what the cache lacks fails

t1() {
    cat <<JSON
{"General": {"BenchmarkName": "k"}, "ConfigurationSpace": {"TuningParameters": [
  {"Name": "x", "Type": "int", "Values": "list(range(0, 10))"}, {"Name": "y", "Values": "[i for i in range(6)]"},
  {"Name": "w", "Values": [0, 1]}, {"Name": "fixed", "Values": "[4]"}],
  "Conditions": [{"Expression": "$1", "Parameters": []}, {"Expression": "fixed in (4, 5) and not x == 5"}]}}
JSON
}
t1 '0 <= y < 3 or w == 1' >space.json
simulate 0 kt.json --space space.json --json
is space_size 81
is evaluations 81
is best 2.0
is config '"fixed=4,w=0,x=4,y=1"'
is missing 18
says '18 of the space'
says '33 configs of the cache are not in the space'
t1 'min(x, y) < 3' >call.json
simulate 4 kt.json --space call.json
says 'no counterpart'
t1 'z < 3' >name.json
simulate 4 kt.json --space name.json
says 'unknown'
t1 'x > 100' >none.json
simulate 4 kt.json --space none.json
says "hone tune: space 'none.json': no config of the space meets its constraints"
simulate 4 kt.json --space t4.json
says 'no ConfigurationSpace'
simulate 4 kt.json --space absent.json
says "'absent.json' cannot be read"

# ---- what is no cache

: >empty.json
simulate 4 empty.json
says "'empty.json' is empty"
simulate 4 absent.json
says "'absent.json' cannot be read"
mkdir folder
simulate 4 folder
says "'folder'"
simulate 4 space.json
says 'describes a space (T1)'
echo '{"benchmarks": []}' >other.json
simulate 4 other.json
says 'unknown format'
echo '[1, 2]' >array.json
simulate 4 array.json
says 'is not JSON'
head -c 100000 /dev/urandom >noise.json
simulate 4 noise.json
says "'noise.json'"
for bytes in 1 100 300 1500 5000; do
    head -c $bytes kt.json >cut.json
    simulate 4 cut.json
    says 'cut off'
    head -c $bytes t4.json >cut.json
    simulate 4 cut.json
    says 'cut off'
done
for bytes in 11 100 400; do
    head -c $bytes kt.json.gz >cut.json.gz
    simulate 4 cut.json.gz
    says "'cut.json.gz'"
done
{ cat kt.json && echo '{}'; } >more.json
simulate 4 more.json
says 'more after its end'
sed 's/"x": 3,/"x": [3],/' kt.json >value.json
simulate 4 value.json
says 'neither a number nor a word'
sed 's/"x": 3,//' kt.json >lacks.json
simulate 4 lacks.json
says "lacks the parameter 'x'"
echo '{"tune_params_keys": ["x"], "cache": {}}' >nothing.json
simulate 4 nothing.json
says 'it has no configs'
echo '{"tune_params_keys": ["x"], "cache": {"1": {"x": 1, "time": "failed"}}}' >failed.json
simulate 4 failed.json
says 'has a value'
echo '{"cache": {"1": {"x": 1, "time": 2}}}' >keys.json
simulate 4 keys.json
says 'tune_params_keys'
echo '{"results": [{"configuration": {"x": 1}, "measurements": []}, 3]}' >item.json
simulate 4 item.json
says 'config 2'
{ printf '{"cache": {"1": {"x": "' && head -c 70000000 /dev/zero | tr '\0' a && printf '"}}}'; } | gzip >huge.json.gz
simulate 4 huge.json.gz
says 'has an item of more than'
rm huge.json.gz

# ---- what a cache has decided

simulate 2 kt.json --shape 8x8x8
says '--shape does nothing with --simulate'
simulate 2 kt.json --objective p95
says '--objective'
for option in '--device bogus' '--weights plain' --transposed --nobias --rowscale '--a-type u8' '--db x.db'; do
    simulate 2 kt.json $option
    says "${option%% *} does nothing with --simulate"
done
simulate 2 kt.json --strategy randon
says "did you mean 'random'"
"$HONE" tune --space space.json >out 2>err && fail "--space without --simulate is taken"
says '--space needs --simulate'

# ---- T4 of our own

unset HONE_DB
export XDG_DATA_HOME=$PWD/data HOME=$PWD
. "$SOURCE_DIR/tests/cli/evidence.sh"
evidence 64x64x64 "$config" 20 >one.jsonl
evidence 128x64x64 "$config" 40 >two.jsonl
"$HONE" db import one.jsonl two.jsonl --db own.db 2>err || fail "import: $(cat err)"
"$HONE" db export --format t4 --db own.db --out all.json 2>err || fail "export: $(cat err)"
[ "$(grep -c '"configuration"' all.json)" -eq 2 ] || fail "not two results: $(cat all.json)"
simulate 4 all.json
says 'export one with --problem'
"$HONE" db export --format t4 --problem gemm/f32/relu/64x64x64 --db own.db >one.json 2>err || fail "$(cat err)"
simulate 0 one.json --json
is best 0.02
is problem '"gemm/f32/relu/64x64x64"'
is config "\"$config\""
is seconds 4e-5
got=0
"$HONE" db export --format t4 --problem gemm/f32/relu/8x8x8 --db own.db >out 2>err || got=$?
[ "$got" -eq 1 ] && [ ! -s out ] || fail "exporting nothing exits with $got and writes $(cat out)"
says 'no results of hone'\''s kernels for gemm/f32/relu/8x8x8'
"$HONE" db export --format t4 --problem gemm/fp32/relu/64x64x64 --db own.db >alias.json 2>err || fail "$(cat err)"
cmp one.json alias.json || fail "an alias is another problem"
echo kept >kept.json
"$HONE" db export --format t4 --problem gemm/f32/relu/8x8x8 --db own.db --out kept.json 2>err && fail "it exists"
[ "$(cat kept.json)" = kept ] && [ ! -e kept.json.part ] || fail "an export that failed changed its file"
sed 's/"value": *[0-9.e-]*/"value": -1/' one.json >negative.json
simulate 4 negative.json
says 'is negative'
for arguments in '--format t5' '--problem x'; do
    got=0
    "$HONE" db export $arguments --db own.db >out 2>err || got=$?
    [ "$got" -eq 2 ] || fail "db export $arguments exits with $got"
done
