#!/usr/bin/env bash
# The public header compiles alone in each language it promises, and each library
# exports what the header declares for it and nothing else, and needs no more than it says.
set -euo pipefail
source "$SOURCE_DIR/tests/lib/declared.sh"

cc=${CC:-cc}

fail() {
    echo "FAIL: $*"
    exit 1
}

echo '#include <hone/hone.h>' >only.c
for standard in c99 c11 c17; do
    "$cc" -std=$standard -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror -I"$SOURCE_DIR/include" \
        -fsyntax-only only.c || fail "hone.h is not $standard"
done
for standard in c++11 c++17; do
    "$cc" -x c++ -std=$standard -Wall -Wextra -Wpedantic -Werror -I"$SOURCE_DIR/include" -fsyntax-only only.c ||
        fail "hone.h is not $standard"
done

# check_library NAME DECLARED: the names in the file DECLARED are what it exports.
check_library() {
    local library name=$1
    library=$(find "$BUILD_DIR" -name "$name.so" | head -1)
    [ -n "$library" ] || fail "there is no $name.so in $BUILD_DIR"
    [ -s "$2" ] || fail "the header declares nothing for $name"
    nm -D --defined-only "$library" | awk '$2 ~ /^[A-Z]$/ { print $3 }' | grep -v '^__\|^_init$\|^_fini$' |
        LC_ALL=C sort -u >"$name.exported"
    diff "$2" "$name.exported" || fail "$name's symbols (>) differ from the header's declarations (<)"

    readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' >"$name.needed"
    [ -s "$name.needed" ] || fail "$name needs no library, not even C's"
    if nm -D --undefined-only "$library" | grep -E ' (printf|puts|fputs|exit|_exit|abort|__printf_chk)(@|$)'; then
        fail "$name prints or exits"
    fi
    if nm -D --undefined-only "$library" | grep " hone_"; then
        fail "$name lacks functions that it calls itself"
    fi
}

declared_functions >both
check_library libhone both
if grep -E 'benchmark|jansson|openblas|dnnl|stdc\+\+' libhone.needed; then
    fail "libhone needs something that only the command may need"
fi

# Of what C's library is split into, and with sanitizers of theirs, libhone-db needs only SQLite.
declared_functions in_both >of_db
check_library libhone-db of_db
grep -q '^libsqlite3\.' libhone-db.needed || fail "libhone-db does not need SQLite; how does it read a database?"
if grep -Ev '^(libsqlite3|libc|libm|libpthread|ld-linux[a-z0-9-]*|libasan|libubsan|libgcc_s)\.so' libhone-db.needed; then
    fail "libhone-db needs more than SQLite and C's library"
fi
echo "$(wc -l <both) functions declared and exported, $(wc -l <of_db) of them by libhone-db too"
