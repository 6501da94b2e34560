#!/usr/bin/env bash
# 'hone tune --shard': the shards of a whole search, each in a database of its own as on machines of their own, are
# disjoint, and merged they are what one search evaluates.
set -euo pipefail

. "$SOURCE_DIR/tests/cli/searches.sh"

# search DATABASE ARGUMENT...: to the end of a space that is as small as they get.
search() {
    local db=$1
    shift
    timeout 300 "$HONE" tune --device cpu --threads 1 --shape 1x1x1 --act relu --budget 0 --db "$db" --json "$@" \
        >out 2>err || fail "tune $*: $(cat err)"
}

search whole.db --strategy exhaustive
size=$(field space_size out)
[ "$(field evaluations out)" -eq "$size" ] || fail "one search evaluated $(field evaluations out) of $size configs"
evaluated whole.db >whole
[ "$(wc -l <whole)" -eq "$size" ] || fail "one search stored $(wc -l <whole) of $size configs"

# rows DATABASE: its measurements and failures.
rows() { "$HONE" db export --db "$1" | grep -cE '"record":"(measurement|failure)"'; }

# union N ARGUMENT...: what N shards evaluate together is the space, each config by one of them.
union() {
    local shards=$1 shard part=() sum=0 rows=0
    shift
    for shard in $(seq 0 $((shards - 1))); do
        rm -f "part$shard.db"
        search "part$shard.db" --shard "$shard/$shards" "$@"
        [ "$(field space_size out)" -eq "$size" ] || fail "shard $shard/$shards names another space size"
        [ "$(field evaluations out)" -ge $((size / shards)) ] ||
            fail "shard $shard/$shards evaluated only $(field evaluations out) of $size configs"
        sum=$((sum + $(field evaluations out)))
        evaluated "part$shard.db" >"part$shard"
        rows=$((rows + $(rows "part$shard.db")))
        part+=("part$shard")
    done
    [ "$sum" -eq "$size" ] || fail "$shards shards evaluated $sum configs of $size"
    # Each file is sorted and without repetition where the union is, so that this is disjointness too.
    sort "${part[@]}" | cmp - whole || fail "$shards shards together did not evaluate each config once: $*"

    rm -f merged.db
    "$HONE" db merge "${part[@]/%/.db}" -o merged.db
    evaluated merged.db | cmp - whole || fail "merging $shards shards lost a config: $*"
    "$HONE" db check merged.db >check || fail "$(cat check)"
    [ "$(rows merged.db)" -eq "$rows" ] || fail "merging $shards shards of $rows measurements made $(rows merged.db): $*"
    search merged.db --strategy exhaustive
    [ "$(field evaluations out)" -eq 0 ] || fail "the merged database leaves something to do"
}

union 2 --strategy exhaustive
union 5 --strategy exhaustive
# A strategy without a model of what is hopeless visits everything too, in its own order.
union 3 --strategy random --seed 9

# A shard that is run again has nothing to do, and does not take the other's part over.
search part0.db --shard 0/3 --strategy exhaustive
[ "$(field evaluations out)" -eq 0 ] || fail "a shard that is done evaluated $(field evaluations out) configs"

# More shards than configs: the last is empty, and says so.
code=0
"$HONE" tune --device cpu --threads 1 --shape 1x1x1 --act relu --budget 0 --db none.db --shard "$size/$((size + 1))" \
    >out 2>err || code=$?
[ "$code" -eq 5 ] || fail "exit code $code for an empty shard: $(cat err)"
grep -q 'use fewer shards' err || fail "an empty shard is not told: $(cat err)"
