#!/usr/bin/env bash
# 'hone tune': a small search into a fresh database, its table and JSON, resuming
# after a kill, stopping by a signal, shards, and what is refused.
set -euo pipefail

fail() {
    echo "FAIL: $*"
    exit 1
}

tune() { timeout 300 "$HONE" tune --device cpu --threads 1 "$@"; }

# field NAME FILE: the value of a JSON field of the first object that has it.
field() { sed -n "s/^ *\"$1\": \(.*[^,]\),*\$/\1/p" "$2" | head -1; }

problem=(--shape 16x24x32 --dtype f32 --act relu)

# ---- a table and a database

tune "${problem[@]}" --max-evals 3 --db new/folder/hone.db >table.txt 2>table.err || fail "tuning: $(cat table.err)"
[ "$(wc -l <table.txt)" -eq 2 ] || fail "the table has not one winner: $(cat table.txt)"
for word in problem 'p50 us' 'p95 us' GFLOP/s 'of peak' error 'vs unfused' config; do
    head -1 table.txt | grep -q "$word" || fail "the table lacks '$word'"
done
grep -q '^gemm/f32/relu/16x24x32 .*isa=' table.txt || fail "the winner's row: $(cat table.txt)"
grep -q 'new/folder/hone.db' table.err || fail "where the database is is not said"

# ---- JSON, and that nothing is left to do

tune "${problem[@]}" --db new/folder/hone.db --json >known.json 2>known.err
[ "$(field evaluations known.json)" -eq 0 ] || fail "a tuned problem was evaluated again"
grep -q '1 up to date' known.err || fail "'up to date' is not said: $(cat known.err)"
for name in problem device config objective best evaluations space_size seconds trace p50_us p95_us gflops \
    pct_peak err_rel_fro err_bound_ratio speedup_over_unfused; do
    grep -q "\"$name\": " known.json || fail "the JSON lacks $name"
done
[ "$(field problem known.json)" = '"gemm/f32/relu/16x24x32"' ] || fail "problem: $(field problem known.json)"
[ "$(field objective known.json)" = '"p50"' ] || fail "objective: $(field objective known.json)"
[ "$(field best known.json)" = "$(field p50_us known.json)" ] || fail "best is not the p50"
grep -q "$(field config known.json | tr -d '"')" table.txt || fail "table and JSON name different winners"
"$HONE" query --device cpu --threads 1 "${problem[@]}" --db new/folder/hone.db --json >query.json || fail "no answer"
[ "$(field match query.json)" = '"exact"' ] || fail "the answer is $(field match query.json)"
[ "$(field config query.json)" = "$(field config known.json)" ] || fail "tune and query name different winners"

tune "${problem[@]}" --max-evals 2 --again --db new/folder/hone.db --json >again.json 2>again.err
[ "$(field evaluations again.json)" -eq 2 ] || fail "--again evaluated $(field evaluations again.json), not 2"
[ "$(field known again.json)" -ge 1 ] || fail "--again forgot what was known"

# ---- time against error: each is what its error, as it is printed, answers as a limit

exact=(--shape 8x64x13 --dtype f32 --act gelu_tanh)
tune "${exact[@]}" --max-evals 40 --db exact.db --json >exact.json 2>exact.err || fail "$(cat exact.err)"
ask=("$HONE" query --device cpu --threads 1 "${exact[@]}" --db exact.db)
"${ask[@]}" --pareto --json >pareto.json
sed -n 's/^ *"config": \(.*\),$/\1/p' pareto.json >configs
sed -n 's/^ *"err_rel_fro": \(.*\),$/\1/p' pareto.json >errors
[ "$(wc -l <configs)" -ge 2 ] || fail "no trade-offs: $(cat pareto.json)"
[ "$(sed -n 1p configs)" = "$(sed -n 2p configs)" ] || fail "the first trade-off is not the answer: $(cat pareto.json)"
"${ask[@]}" --pareto >pareto.txt
sed -n '/^p50 us/,$p' pareto.txt | tail -n +2 | awk '{ print $3 }' >printed
[ "$(wc -l <printed)" -eq $(($(wc -l <configs) - 1)) ] || fail "text and JSON differ: $(cat pareto.txt)"
for row in $(seq "$(wc -l <printed)"); do
    for limit in "$(sed -n "$((row + 1))p" errors)" "$(sed -n "${row}p" printed)"; do
        "${ask[@]}" --max-error "$limit" --json >limited.json
        [ "$(field config limited.json)" = "$(sed -n "$((row + 1))p" configs)" ] ||
            fail "--max-error $limit gives $(field config limited.json), not trade-off $row of $(cat pareto.txt)"
    done
done
grep -q '"pareto": \[' exact.json && grep -q '"transfer": null' exact.json || fail "tune's JSON: $(cat exact.json)"
code=0
"${ask[@]}" --pareto --isa avx2 >out 2>err || code=$?
[ "$code" -eq 2 ] && grep -q 'isa' err || fail "--pareto with --isa: exit code $code, $(cat err)"

# ---- what is known of near shapes is a start, unless it is not wanted

near=(--shape 9x64x13 --dtype f32 --act gelu_tanh --max-evals 5 --db exact.db)
tune "${near[@]}" --no-transfer --again --json >near.json 2>near.err || fail "$(cat near.err)"
grep -q '"transfer": null' near.json || fail "--no-transfer: $(cat near.json)"
tune --shape 10x64x13 --dtype f32 --act gelu_tanh --max-evals 6 --db exact.db --json >near.json 2>near.err ||
    fail "$(cat near.err)"
if ! grep -q '"transfer": null' near.json; then # null where the near winners are the default
    grep -q 'known from elsewhere' near.err || fail "a start is not told: $(cat near.err)"
    for name in configs match matched_problem device build best default search_evaluations caught_up; do
        grep -q "\"$name\": " near.json || fail "transfer lacks $name: $(cat near.json)"
    done
fi

# ---- several problems; every strategy, objective and mode

tune --shape 8x8x8,4x8x16 --dtype f32,s8 --act relu,identity --max-evals 1 --db many.db --json >many.json 2>many.err ||
    fail "several problems: $(cat many.err)"
[ "$(grep -c '"problem": ' many.json)" -eq 8 ] || fail "not 8 problems: $(grep '"problem"' many.json)"
for strategy in auto exhaustive random local genetic annealing differential model; do
    tune "${problem[@]}" --max-evals 2 --again --strategy $strategy --seed 3 --db many.db >/dev/null 2>strategy.err ||
        fail "strategy $strategy: $(cat strategy.err)"
done
for objective in p50 p95 throughput; do
    tune "${problem[@]}" --max-evals 1 --objective $objective --db many.db --json >objective.json 2>objective.err ||
        fail "objective $objective: $(cat objective.err)"
    [ "$(field objective objective.json)" = "\"$objective\"" ] || fail "objective $objective is not reported"
done
tune "${problem[@]}" --max-evals 1 --cold --db many.db --json >cold.json 2>cold.err || fail "cold: $(cat cold.err)"
[ "$(field evaluations cold.json)" -eq 1 ] || fail "cold took over a warm measurement"

# ---- shards cover the space once

tune --shape 4x4x4 --act relu --db whole.db --strategy exhaustive --budget 0 --json >whole.json 2>whole.err
size=$(field space_size whole.json)
[ "$(field evaluations whole.json)" -eq "$size" ] || fail "exhaustive evaluated $(field evaluations whole.json) of $size"
sum=0
for shard in 0 1 2; do
    tune --shape 4x4x4 --act relu --db parts.db --shard $shard/3 --budget 0 --json >shard.json 2>shard.err ||
        fail "shard $shard: $(cat shard.err)"
    sum=$((sum + $(field evaluations shard.json)))
done
[ "$sum" -eq "$size" ] || fail "three shards evaluated $sum of $size"

# ---- killed, what was evaluated is known to the next

# wait_for_measurements FILE PROCESS: until some are stored.
wait_for_measurements() {
    for _ in $(seq 600); do
        sleep 0.1
        kill -0 "$2" 2>/dev/null || fail "the search ended by itself"
        "$HONE" db check --db "$1" --json >check.json 2>/dev/null || continue # not created yet
        [ "$(field measurements check.json)" -ge 3 ] && return
    done
    fail "nothing was stored in $1 for a minute"
}

large=(--device cpu --threads 1 --shape 128x128x128 --act gelu_tanh --strategy random --budget 0)
"$HONE" tune "${large[@]}" --db killed.db >killed.out 2>killed.err &
tuner=$!
wait_for_measurements killed.db $tuner
kill -KILL $tuner
wait $tuner 2>/dev/null || true
"$HONE" db check --db killed.db >check.txt || fail "after the kill: $(cat check.txt)"
tune "${large[@]}" --max-evals 2 --db killed.db --json >resumed.json 2>resumed.err || fail "resuming: $(cat resumed.err)"
[ "$(field evaluations resumed.json)" -eq 2 ] || fail "resumed: $(field evaluations resumed.json) evaluations"
[ "$(field known resumed.json)" -ge 3 ] || fail "of the killed search $(field known resumed.json) are known"

# ---- a signal: exit code 5, and what was measured is printed and kept

"$HONE" tune "${large[@]}" --db stopped.db >stopped.out 2>stopped.err &
tuner=$!
wait_for_measurements stopped.db $tuner
kill -TERM $tuner
sleep 0.05
kill -TERM $tuner 2>/dev/null || true # as timeout(1) does, which signals its group, too
code=0
wait $tuner || code=$?
[ "$code" -eq 5 ] || fail "exit code $code after a signal: $(cat stopped.err)"
grep -q 'what was measured is kept' stopped.err || fail "a stop is not told: $(cat stopped.err)"
[ "$(wc -l <stopped.out)" -eq 2 ] || fail "what was found is not printed: $(cat stopped.out)"

# ---- a budget that is spent at once leaves problems out

code=0
tune --shape 64x64x64,65x64x64,66x64x64 --act relu --budget 1ms --db spent.db >spent.out 2>spent.err || code=$?
[ "$code" -eq 5 ] || fail "exit code $code for a spent budget: $(cat spent.err)"
grep -q 'budget of 0.001 s ended' spent.err || fail "a spent budget is not told: $(cat spent.err)"
tune --shape 64x64x64 --act relu --max-evals 1 --db one.db >one.out 2>one.err || fail "one evaluation: $(cat one.err)"
grep -q '^1 searched no further than the default config' one.err || fail "nothing was searched: $(cat one.err)"

# ---- what is refused

refused() {
    local expected=$1 text=$2 code=0
    shift 2
    tune "${problem[@]}" --db refused.db "$@" >refused.out 2>refused.err || code=$?
    [ "$code" -eq "$expected" ] || fail "exit code $code, not $expected: tune $*"
    grep -qF -- "$text" refused.err || fail "'$text' is not said for: tune $*: $(cat refused.err)"
    [ ! -s refused.out ] || fail "something on stdout for: tune $*"
}
refused 2 "did you mean 'random'" --strategy randon
refused 2 'p50, p95, throughput' --objective p99
refused 2 "--shard '3/3'" --shard 3/3
refused 2 "--shard '1'" --shard 1
refused 2 "--shard '-1/2'" --shard -1/2
refused 2 "--shard '0/2x'" --shard 0/2x
refused 2 "'-1'" --max-evals -1
refused 2 "'x'" --seed x
refused 2 'soon' --budget soon
refused 2 'negative' --max-error -0.5
refused 2 'stray' stray
refused 2 'simulate' --simulate cache.json
refused 1 'err_rel_fro' --max-error 1e-30 --max-evals 2
