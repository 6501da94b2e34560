#!/usr/bin/env bash
# Installs into an empty prefix and builds the example against it, with
# pkg-config and with CMake. Nothing of the build folder may be needed.
set -euo pipefail

prefix=$PWD/prefix
cmake --install "$BUILD_DIR" --prefix "$prefix" >install.log
libdir=$(dirname "$(find "$prefix" -name 'libhone.so' | head -1)")
export PKG_CONFIG_PATH=$libdir/pkgconfig LD_LIBRARY_PATH=$libdir

fail() {
    echo "FAIL: $*"
    exit 1
}

for file in "$prefix/bin/hone" "$prefix/include/hone/hone.h" "$libdir/pkgconfig/hone.pc" \
    "$libdir/cmake/hone/hone-config.cmake"; do
    [ -e "$file" ] || fail "$file was not installed"
done
[ "$(realpath "$(pkg-config --variable=includedir hone)")" = "$(realpath "$prefix/include")" ] || fail "hone.pc names another prefix"
[ "$("$prefix/bin/hone" --version)" = "$("$HONE" --version)" ] || fail "the installed command differs"

# A sanitized library needs the sanitizers in the program too.
flags=$(sed -n 's/^HONE_SANITIZE:[A-Z]*=\(..*\)/-fsanitize=\1/p' "$BUILD_DIR/CMakeCache.txt")

check_run() {
    local out
    out=$("$1") || fail "$1 exits with $?"
    echo "$out"
    grep -q '^match   default$' <<<"$out" || fail "$1 without a database does not match by default"
    grep -q '^config  .*=' <<<"$out" || fail "$1 prints no config"
}

echo "== pkg-config"
mkdir make
make -C "$SOURCE_DIR/examples" BUILD="$PWD/make" CC="${CC:-cc}" CFLAGS="-O2 -Wall -Wextra -Werror $flags"
check_run make/gemm_gelu

echo "== CMake"
cmake -S "$SOURCE_DIR/examples" -B cmake -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="${CC:-cc}" \
    -DCMAKE_C_FLAGS="$flags" >cmake.log
cmake --build cmake >>cmake.log
check_run cmake/gemm_gelu

echo "== a database that is not there"
if make/gemm_gelu absent.db >absent.log 2>&1; then
    fail "a missing database is not an error"
fi
grep -q absent.db absent.log || fail "the message does not name the database: $(cat absent.log)"
