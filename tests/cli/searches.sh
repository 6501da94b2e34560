# What test_shard.sh and test_writers.sh ask of a search and its database. Sourced.

fail() {
    echo "FAIL: $*"
    exit 1
}

# field NAME FILE: the value of a JSON field of the first object that has it.
field() { sed -n "s/^ *\"$1\": \(.*[^,]\),*\$/\1/p" "$2" | head -1; }

# A command that ends a test without a word of its own.
trap 'echo "FAIL: line $LINENO: $BASH_COMMAND"' ERR

# judged DATABASE: the configs that were judged, sorted, one a line for each time; none yet is fine. A final, and what
# leads to its winner once all proposals are judged, measure some of them again.
judged() {
    "$HONE" db export --db "$1" | sed -nE '/"record":"failure"|"stage":"screen"/s/.*"config":"([^"]*)".*/\1/p' | sort
}

# evaluated DATABASE: each of them once.
evaluated() { judged "$1" | uniq; }
