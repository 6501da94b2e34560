#!/usr/bin/env bash
# 'hone tune' in company and in trouble: many at once into one database, killed at any moment, with a full disk, a
# read-only folder, a file that another process keeps locked. What was committed is never lost.
set -euo pipefail

. "$SOURCE_DIR/tests/cli/searches.sh"

sound() { "$HONE" db check "$1" >check.txt 2>&1 || fail "$2: $(cat check.txt)"; }

# ---- locked: the holder is an import that waits for its input. How long 'hone tune' waits is its own affair (about a
# minute), so that it does so beside the rest.

mkfifo input
"$HONE" db import - --db locked.db <input >import.out 2>import.err &
holder=$!
exec 9>input
echo '{"record":"hone","schema":1}' >&9
# More than a pipe holds: once that is written, the import reads, and has the lock.
head -c 200000 /dev/zero | tr '\0' '\n' >&9
{
    code=0
    "$HONE" tune --device cpu --threads 1 --shape 1x1x1 --act relu --max-evals 1 --db locked.db \
        >waited.out 2>waited.err 9>&- || code=$?
    echo "$code" >waited.code
} &
waiting=$!

# ---- many at once: every evaluation that was reported is stored, in the run that reported it

WRITERS=32
writers=()
for writer in $(seq $WRITERS); do
    # Eight problems, so that some meet on one problem and others in the file only.
    "$HONE" tune --device cpu --threads 1 --shape $((writer % 8 + 1))x4x4 --act relu --strategy random \
        --seed "$writer" --max-evals 3 --again --db many/hone.db --json >"many$writer.json" 2>"many$writer.err" 9>&- &
    writers+=($!)
done
for writer in $(seq $WRITERS); do
    wait "${writers[writer - 1]}" || fail "writer $writer: $(cat "many$writer.err")"
done
sound many/hone.db "after $WRITERS writers"
"$HONE" db export --db many/hone.db >many.jsonl
[ "$(grep -c '"record":"run"' many.jsonl)" -eq $WRITERS ] || fail "not $WRITERS runs are stored"
reported=0
for writer in $(seq $WRITERS); do
    run=$(grep '"record":"run"' many.jsonl | grep -- "--seed $writer --" | sed 's/.*"uid":"\([0-9a-f]*\)".*/\1/')
    [ -n "$run" ] || fail "the run of writer $writer is not stored"
    grep "\"run\":\"$run\"" many.jsonl >run.jsonl || fail "nothing of writer $writer is stored"
    evaluations=$(field evaluations "many$writer.json")
    stored=$(sed -nE '/"record":"failure"|"stage":"screen"/s/.*"config":"([^"]*)".*/\1/p' run.jsonl | sort -u | wc -l)
    [ "$stored" -eq "$evaluations" ] || fail "writer $writer evaluated $evaluations configs, $stored are stored"
    [ "$(grep -c '"stage":"final"' run.jsonl)" -ge 1 ] || fail "the final of writer $writer is not stored"
    reported=$((reported + evaluations))
done
[ "$reported" -ge $WRITERS ] || fail "$WRITERS writers evaluated $reported configs"

# ---- killed at any moment, again and again: what was committed is not evaluated again, and nothing is left out

search=(tune --device cpu --threads 1 --shape 1x1x1 --act relu --strategy random --seed 5 --budget 0)
"$HONE" "${search[@]}" --db whole.db >whole.out 2>whole.err || fail "$(cat whole.err)"
evaluated whole.db >whole

RANDOM=20
evaluated_last=0 progressed=0
for round in $(seq 12); do
    "$HONE" "${search[@]}" --db killed.db >killed.out 2>killed.err 9>&- &
    tuner=$!
    sleep "0.$((RANDOM % 25 + 5))"
    kill -KILL $tuner 2>/dev/null || true
    wait $tuner 2>/dev/null || true
    [ -s killed.db ] || continue
    sound killed.db "after kill $round"
    evaluated killed.db >killed
    count=$(wc -l <killed)
    if [ "$count" -lt "$(wc -l <whole)" ]; then
        twice=$(judged killed.db | uniq -d)
        [ -z "$twice" ] || fail "after kill $round configs were evaluated twice: $twice"
    fi
    [ "$count" -ge "$evaluated_last" ] || fail "kill $round lost what was committed: $count, were $evaluated_last"
    [ "$count" -eq "$evaluated_last" ] || progressed=$((progressed + 1))
    evaluated_last=$count
done
[ "$progressed" -ge 1 ] || fail "no search was killed while it evaluated"
"$HONE" "${search[@]}" --db killed.db --again --json >resumed.json 2>killed.err || fail "$(cat killed.err)"
[ $((evaluated_last + $(field evaluations resumed.json))) -eq "$(wc -l <whole)" ] ||
    fail "$evaluated_last were known, $(field evaluations resumed.json) evaluated, of $(wc -l <whole)"
evaluated killed.db | cmp - whole || fail "the killed search evaluated other configs than one that was not"
sound killed.db "after the last search"
# Which of them is fastest is the machine's affair; that it is one of the final's and what a query answers is not.
"$HONE" query --device cpu --threads 1 --shape 1x1x1 --act relu --db killed.db --json >query.json
[ "$(field match query.json)" = '"exact"' ] || fail "the winner is no exact match"
[ "$(field config query.json)" = "$(field config resumed.json)" ] || fail "tune and query name different winners"
"$HONE" db export --db killed.db >killed.jsonl
grep '"stage":"final"' killed.jsonl | grep -cF "\"config\":$(field config query.json)" >count ||
    fail "the winner is not from a final"

# ---- a full disk: exit code 4, what was stored is kept, and the next goes on

code=0
# What is written past the limit fails as on a full disk.
(
    trap '' XFSZ
    ulimit -f 300
    exec "$HONE" "${search[@]}" --db full.db >full.out 2>full.err 9>&-
) || code=$?
[ "$code" -eq 4 ] || fail "exit code $code on a full disk: $(cat full.err)"
grep -q 'full.db.*disk.*free' full.err || fail "a full disk is not told: $(cat full.err)"
sound full.db "after the disk was full"
evaluated full.db >full
[ "$(wc -l <full)" -ge 1 ] || fail "nothing was stored before the disk was full"
"$HONE" "${search[@]}" --db full.db --json >full.json 2>full.err || fail "$(cat full.err)"
[ "$(field evaluations full.json)" -eq $(($(wc -l <whole) - $(wc -l <full))) ] || fail "what was stored was evaluated again"
evaluated full.db | cmp - whole || fail "the search after the full disk evaluated other configs"

# ---- a read-only folder: exit code 4. /proc is one to root too.

refused() {
    local path=$1 code=0
    shift
    "$@" "$HONE" "${search[@]}" --max-evals 1 --db "$path" >refused.out 2>refused.err || code=$?
    [ "$code" -eq 4 ] || fail "exit code $code for $path: $(cat refused.err)"
    grep -qF "$path" refused.err || fail "$path is not named: $(cat refused.err)"
    [ ! -s refused.out ] || fail "something on stdout for $path"
}
refused /proc/hone.db
mkdir protected
cp whole.db protected/kept.db
cksum protected/kept.db >before
chmod 444 protected/kept.db
chmod 555 protected
plain=()
[ "$(id -u)" -ne 0 ] || plain=(setpriv --reuid=65534 --regid=65534 --clear-groups)
if "${plain[@]}" "$HONE" --version >/dev/null 2>&1; then
    refused "$PWD/protected/new.db" "${plain[@]}"
    refused "$PWD/protected/kept.db" "${plain[@]}"
    grep -q 'read-only' refused.err || fail "a read-only file is not told: $(cat refused.err)"
    "${plain[@]}" "$HONE" query --device cpu --threads 1 --shape 1x1x1 --act relu --require --db "$PWD/protected/kept.db" \
        >query.out 2>query.err || fail "a read-only database does not answer: $(cat query.err)"
else
    echo "as another user: not tried, that user cannot run $HONE"
fi
chmod 755 protected
[ "$(ls protected)" = kept.db ] || fail "a read-only folder has got files: $(ls protected)"
cksum protected/kept.db | cmp - before || fail "a read-only database was changed"

# ---- locked, continued: who waited was told why; after the lock is released the next one writes

wait $waiting
[ "$(cat waited.code)" -eq 4 ] || fail "exit code $(cat waited.code) for a locked database: $(cat waited.err)"
grep -q 'locked.db.*locked.*end that process or try again' waited.err || fail "a lock is not told: $(cat waited.err)"
exec 9>&-
wait $holder || fail "the import that held the lock: $(cat import.err)"
"$HONE" "${search[@]}" --max-evals 1 --db locked.db >locked.out 2>locked.err || fail "after the lock: $(cat locked.err)"
sound locked.db "after the lock"
