#!/usr/bin/env bash
# The ABI of the libraries is the one in tests/lib/libhone.abi: sonames, functions,
# constants, values of enums, sizes and places of fields. All of it is read from the
# header, so that a new field cannot be forgotten.
set -euo pipefail
source "$SOURCE_DIR/tests/lib/declared.sh"

fail() {
    echo "FAIL: $*"
    exit 1
}

declarations >statements
"${CC:-cc}" -dM -E -I"$SOURCE_DIR/include" -x c "$SOURCE_DIR/include/hone/hone.h" |
    grep '^#define HONE_' | grep -Ev '^#define HONE_(HONE_H|API|DB_API)( |$)' >>statements
awk -f "$SOURCE_DIR/tests/lib/abi.awk" statements >abi.c
"${CC:-cc}" -std=c17 -Wall -Wextra -Werror -I"$SOURCE_DIR/include" abi.c -o abi || fail "abi.awk does not understand the header"

rc=0
./abi >lines || rc=$?
if [ $rc -ne 0 ]; then
    echo "skipped: a program for the library's processor exits with $rc here"
    exit 77
fi
if ! grep -qx 'type pointer size 8' lines; then
    echo "skipped: libhone.abi is of machines whose pointers have 8 bytes"
    exit 77
fi
for name in libhone libhone-db; do
    library=$(find "$BUILD_DIR" -name "$name.so" | head -1)
    [ -n "$library" ] || fail "there is no $name.so in $BUILD_DIR"
    readelf -d "$library" | sed -n "s/.*SONAME.*\[\(.*\)\]/library $name soname \1/p" >>lines
done
LC_ALL=C sort lines >libhone.abi
[ "$(grep -c '^function' libhone.abi)" -eq "$(declared_functions | wc -l)" ] || fail "some functions are missing"

if ! diff "$SOURCE_DIR/tests/lib/libhone.abi" libhone.abi >changes; then
    cat changes
    echo "FAIL: the ABI (>) is not the one of tests/lib/libhone.abi (<)."
    # Only what is new is harmless, and that only outside of structs that programs have in their own memory.
    if grep -v '^. library' changes | grep -q '^<\|^> struct' && ! grep -q '^[<>] library' changes; then
        echo "Programs linked with the old one may break: raise the version in CMakeLists.txt, the minor one"
        echo "while the major one is 0, unless that was done since the last release."
    fi
    echo "If the change is meant, accept it with a line in CHANGELOG.md and"
    echo "    cp $PWD/libhone.abi $SOURCE_DIR/tests/lib/libhone.abi"
    exit 1
fi
echo "$(wc -l <libhone.abi) lines of ABI are as they were"
