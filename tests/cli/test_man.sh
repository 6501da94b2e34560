#!/usr/bin/env bash
# hone(1) has every command, option, exit code and environment variable that the
# command has, and hone.h(3) every function and status of the header.
set -euo pipefail
source "$SOURCE_DIR/tests/lib/declared.sh"

command_page=$SOURCE_DIR/docs/man/hone.1
library_page=$SOURCE_DIR/docs/man/hone.h.3

fail() {
    echo "FAIL: $*"
    exit 1
}

# need PAGE WHAT PATTERN: a line of the page's source matches.
need() {
    grep -Eq -- "$3" "$1" || fail "$(basename "$1") lacks $2; there should be a line like $3"
    needed=$((needed + 1))
}
needed=0

# The commands of the help are the entries of the page, and the other way round.
"$HONE" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' | grep -v '^db$' >commands
"$HONE" db --help | sed -n 's/^  \([a-z]*\)  .*/db \1/p' >>commands
[ "$(wc -l <commands)" -gt 5 ] || fail "the help has no commands"
sed -n '/^\.It Xo$/,/^\.Xc$/s/^\.Cm \(db [a-z]*\|[a-z]*\)\( .*\)\{0,1\}$/\1/p' "$command_page" |
    grep -Ev '^(complete|activations)$' >entries
diff <(sort commands) <(sort entries) || fail "the commands (<) are not the entries of hone.1 (>)"

while read -ra words; do
    for option in $("$HONE" "${words[@]}" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p'); do
        need "$command_page" "--$option of '${words[*]}'" "Fl -$option( |\$)"
    done
done <commands

for code in $(sed -n 's/^HONE_STATUS([A-Z_]*, \([0-9]*\),.*/\1/p' "$SOURCE_DIR/kernels/status.def" | sort -u); do
    need "$command_page" "exit code $code" "^\.It $code\$"
done

# The counters of a benchmark are the rows of one table.
counters=$(sed -n '/hone_gbench_counter values\[\]/,/};/s/^ *{"\([a-z0-9_]*\)",.*/\1/p' "$SOURCE_DIR/tuner/cli/bench_group.c")
[[ $counters == *pct_roof* ]] || fail "no counter was found in the sources"
for counter in $counters; do
    need "$command_page" "the counter $counter" "(^| )$counter( |\$)"
done

# Variables are read by their names, or by a function that is given the name.
cd "$SOURCE_DIR"
variables=$(grep -rhoE 'getenv\("[A-Z_]+"\)|"(HONE|XDG)_[A-Z_]+"' --include='*.c' --include='*.cc' kernels harness tuner |
    grep -oE '[A-Z_]{2,}' | sort -u)
cd - >/dev/null
[[ $variables == *HONE_DB* ]] || fail "no environment variable was found in the sources"
for variable in $variables; do
    need "$command_page" "the variable $variable" "^\.It Ev (.* )?$variable( |\$)"
done

# An asterisk says that libhone-db lacks it.
for function in $(declared_functions in_both); do
    need "$library_page" "$function()" "^\.It Fn $function( \"[a-z]*\")*\$"
done
for function in $(declared_functions in_libhone); do
    need "$library_page" "$function() with an asterisk" "^\.It Fn $function( \"[a-z]*\")* No \*\$"
done
[ "$(grep -c '^\.It Fn' "$library_page")" -eq "$(declared_functions | wc -l)" ] ||
    fail "hone.h.3 has functions that the header lacks"
for status in $(declarations | grep '^typedef enum hone_status' | grep -oE 'HONE_[A-Z_]+'); do
    need "$library_page" "$status" "Dv (.* )?$status( |\$)"
done
echo "$needed things are on the pages"

if ! command -v mandoc >/dev/null; then
    echo "skipped: how the pages are written; mandoc is not installed"
    exit 77
fi
mandoc -T lint -W warning "$command_page" "$library_page" || fail "mandoc's warnings are above"
