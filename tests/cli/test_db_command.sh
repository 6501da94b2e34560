#!/usr/bin/env bash
# hone db: check, merge, export, import, prune.
set -euo pipefail

fail() {
    echo "FAIL: $*"
    exit 1
}

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

evidence 64x64x64 "$config" 20 >one.jsonl
evidence 64x64x64 "$config" 30 >two.jsonl
evidence 128x64x64 "$config" 40 >three.jsonl

# Import makes a database, and is idempotent; export gives the same text back.
expect 0 "$HONE" db import one.jsonl two.jsonl --db a.db
says '^imported 2 new measurements, 0 new failures; database: a.db$' err
[ ! -s out ] || fail "counts are on stdout: $(cat out)"
expect 0 "$HONE" db import - --db b.db --json <three.jsonl
says '"measurements": 1'
says '"failures": 0'
says '"database": "b.db"'
[ ! -s err ] || fail "counts are there twice: $(cat err)"
expect 0 "$HONE" db export --db a.db
cp out a.jsonl
expect 0 "$HONE" db import a.jsonl one.jsonl --db a.db
says '^imported 0 new measurements, 0 new failures' err
expect 0 "$HONE" db export --db a.db --out again.jsonl
cmp a.jsonl again.jsonl || fail "importing twice changed the database"
[ "$(grep -c '"record":"measurement"' a.jsonl)" -eq 2 ] || fail "two measurements were stored, not exported"

# Check.
expect 0 "$HONE" db check a.db
says 'ok'
expect 0 "$HONE" db check --db a.db --json
for line in '"ok": true' '"schema": 4' '"measurements": 2' '"failures": 0' '"winners": 3' '"devices": 1' \
    '"problems": 1'; do
    says "$line"
done
HONE_DB=a.db expect 0 "$HONE" db check
expect 4 "$HONE" db check missing.db
says 'missing.db' err
expect 4 "$HONE" db check
echo "no database" >text.db
expect 4 "$HONE" db check text.db --json
says '"ok": false'
head -c 20000 a.db >cut.db
expect 4 "$HONE" db check cut.db
says 'hone db check: ' err

# Merge: in any order, and again.
expect 0 "$HONE" db merge a.db b.db -o ab.db
says '^merged 3 new measurements, 0 new failures; database: ab.db$' err
expect 0 "$HONE" db merge b.db a.db --output ba.db --json
says '"measurements": 3'
expect 0 "$HONE" db merge a.db ab.db b.db -o ab.db
expect 0 "$HONE" db export --db ab.db --out ab.jsonl
expect 0 "$HONE" db export --db ba.db --out ba.jsonl
cmp ab.jsonl ba.jsonl || fail "merging depends on the order"
expect 0 "$HONE" db check ab.db --json
says '"measurements": 3'
says '"problems": 2'
expect 0 "$HONE" query --shape 128x64x64 --act relu --db ab.db --require
expect 4 "$HONE" db merge a.db missing.db -o never.db
[ ! -e never.db ] || fail "a merge that failed made a database"

# A bad import adds nothing.
{
    cat three.jsonl
    echo '{"record":"measurement"}'
} >bad.jsonl
expect 4 "$HONE" db import bad.jsonl --db a.db
says "line 9" err
expect 0 "$HONE" db check a.db --json
says '"measurements": 2'
expect 4 "$HONE" db import missing.jsonl --db a.db

# Nor does it make a database; one that was there stays, and so does what came from the files before.
for bad in bad.jsonl missing.jsonl; do
    expect 4 "$HONE" db import $bad --db made.db
    [ -z "$(ls | grep '^made.db')" ] || fail "an import of $bad that failed left $(ls made.db*)"
done
: >blank.db
expect 4 "$HONE" db import bad.jsonl --db blank.db
[ -e blank.db ] || fail "a failed import removed a file that it found"
expect 4 "$HONE" db import one.jsonl bad.jsonl --db part.db
says "line 9" err
expect 0 "$HONE" db check part.db --json
says '"measurements": 1'

# What is taken for an export is said to be what it is, on one line or on many, and makes no difference.
expect 0 "$HONE" db export --format t4 --db b.db --out t4.json
expect 4 "$HONE" db import t4.json --db a.db
says "'t4.json' is no export of hone but results in T4, which 'hone tune --simulate' replays" err
sed 's/[{,]/&\n/g' t4.json >lines.json
expect 4 "$HONE" db import - --db a.db <lines.json
says "'standard input' is no export of hone but results in T4" err
printf '{"kernel_name": "k",\n"tune_params_keys": ["x"], "cache": {}}' >kt.json
expect 4 "$HONE" db import kt.json --db a.db
says "a cache of Kernel Tuner" err
printf '{\n  "context": {},\n  "benchmarks": []\n}\n' >bench.json
expect 4 "$HONE" db import bench.json --db a.db
says "a results file of hone bench" err
echo '{"ConfigurationSpace": {}}' >space.json
expect 4 "$HONE" db import space.json --db a.db
says "a space in T1" err
printf '{\n"other": 1}\n' >other.json
expect 4 "$HONE" db import other.json --db a.db
says "'other.json', line 1: not JSON" err
expect 0 "$HONE" db check a.db --json
says '"measurements": 2'

# An older file: its schema is told, and that it is brought up to date when it is written.
cp a.db older.db
printf '\0\0\0\3' | dd of=older.db bs=1 seek=60 conv=notrunc status=none # user_version: 3 has the tables of 4
cp older.db merged.db
expect 0 "$HONE" db check older.db --json
says '"stored_schema": 3'
expect 0 "$HONE" db check older.db
says '^the file has schema 3: a copy was brought up to date'
expect 0 "$HONE" db prune --older-than 30000 --db older.db
says 'brought up to date from schema 3 to 4' err
expect 0 "$HONE" db check older.db --json
says '"stored_schema": 4'
expect 0 "$HONE" db merge a.db -o merged.db
says 'brought up to date from schema 3 to 4' err
expect 0 "$HONE" db prune --older-than 30000 --db older.db
! grep -q 'brought up to date' err || fail "an up-to-date file was brought up to date"

# Prune: old evidence goes, the winner's stays.
evidence 64x64x64 "${config%=*}=1" 90 >slow.jsonl
expect 0 "$HONE" db import slow.jsonl --db a.db
expect 0 "$HONE" db prune --older-than 1 --db a.db --json
says '"measurements": 1'
expect 0 "$HONE" db check a.db --json
says '"measurements": 2'
expect 0 "$HONE" query --shape 64x64x64 --act relu --db a.db --require
expect 4 "$HONE" db prune --older-than 1 --db missing.db
expect 2 "$HONE" db prune --older-than 0 --db a.db
says 'out of range' err
expect 2 "$HONE" db export --jsn
says 'hone db export --help' err
[ ! -e missing.db ] || fail "pruning made a database"

# A signal in the middle of an export, which waits here for a reader of its part: that goes, the file stays.
awk 'NR == FNR { long = $0; next } { sub("hone tune", long); print }' \
    <(head -c 300000 /dev/zero | tr '\0' x) one.jsonl >long.jsonl
expect 0 "$HONE" db import long.jsonl --db long.db
for signal in INT TERM; do
    echo kept >kept.jsonl
    mkfifo kept.jsonl.part
    exec 8<>kept.jsonl.part
    "$HONE" db export --db long.db --out kept.jsonl >out 2>err &
    exporting=$!
    head -c 1000 <&8 >begun # what it has begun to write
    kill -$signal $exporting
    cat <&8 >/dev/null &
    draining=$!
    got=0
    wait $exporting || got=$?
    kill $draining
    exec 8<&-
    [ "$got" -eq 5 ] || fail "an export ended by SIG$signal exits with $got: $(cat err)"
    says "hone db export: 'kept.jsonl' is as it was: stopped by a signal while reading records" err
    [ ! -e kept.jsonl.part ] && [ "$(cat kept.jsonl)" = kept ] || fail "SIG$signal left a part, or changed the file"
done

# A full device is said so.
if [ -w /dev/full ]; then
    expect 4 "$HONE" db export --db a.db --out /dev/full
fi

# Usage.
expect 2 "$HONE" db
expect 2 "$HONE" db chekc
says "did you mean 'check'" err
expect 2 "$HONE" db check a.db b.db
expect 2 "$HONE" db merge a.db b.db
expect 2 "$HONE" db merge -o c.db
expect 2 "$HONE" db import --db a.db
expect 2 "$HONE" db export a.db
expect 2 "$HONE" db prune --db a.db
expect 0 "$HONE" db --help
expect 0 "$HONE" db merge --help

# A database is imported as an export is.
expect 0 "$HONE" db import a.db --db imported.db
expect 0 "$HONE" db export --db imported.db --out imported.jsonl
expect 0 "$HONE" db export --db a.db --out original.jsonl
cmp imported.jsonl original.jsonl || fail "an imported database has other evidence than its source"
printf 'SQLite format 3' >broken.db
expect 4 "$HONE" db import broken.db --db imported.db
# An export may come through a pipe.
mkfifo pipe
cat original.jsonl >pipe &
expect 0 "$HONE" db import pipe --db piped.db
wait
