# What test_shard.sh and test_writers.sh ask of a search and its database. Sourced.

fail() {
    echo "FAIL: $*"
    exit 1
}

# field NAME FILE: the value of a JSON field of the first object that has it.
field() { sed -n "s/^ *\"$1\": \(.*[^,]\),*\$/\1/p" "$2" | head -1; }

# A command that ends a test without a word of its own.
trap 'echo "FAIL: line $LINENO: $BASH_COMMAND"' ERR

# evaluated DATABASE: the configs that were judged, each once, sorted; none yet is fine. What leads to a winner, and a
# final, measure some of them again.
evaluated() {
    "$HONE" db export --db "$1" |
        sed -nE '/"record":"failure"|"stage":"screen"/s/.*"config":"([^"]*)".*/\1/p' | sort -u
}
