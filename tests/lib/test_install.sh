#!/usr/bin/env bash
# Installs into an empty prefix and builds the examples against it, with
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
    "$libdir/pkgconfig/hone-db.pc" "$libdir/cmake/hone/hone-config.cmake" "$prefix/share/man/man1/hone.1" \
    "$prefix/share/man/man3/hone.h.3" "$prefix/share/bash-completion/completions/hone"; do
    [ -e "$file" ] || fail "$file was not installed"
done
for package in hone hone-db; do
    [ "$(realpath "$(pkg-config --variable=includedir $package)")" = "$(realpath "$prefix/include")" ] ||
        fail "$package.pc names another prefix"
done
[ "$("$prefix/bin/hone" --version)" = "$("$HONE" --version)" ] || fail "the installed command differs"

# A sanitized library needs the sanitizers in the program too.
flags=$(sed -n 's/^HONE_SANITIZE:[A-Z]*=\(..*\)/-fsanitize=\1/p' "$BUILD_DIR/CMakeCache.txt")

echo "== a database with one winner"
shape=128x3072x768 key=gemm/f32/gelu_tanh/128x3072x768 # what the examples compute
# With sanitizers the final of 60 samples takes minutes; the budget has room for it only where calls are fast.
"$prefix/bin/hone" tune --db known.db --shape $shape --act gelu_tanh --max-evals 1 --budget 10s 2>tune.log ||
    fail "$(cat tune.log)"
"$prefix/bin/hone" query --db known.db --shape $shape --act gelu_tanh | tee query.log
config=$(sed -n 's/^config *//p' query.log)
fingerprint=$("$prefix/bin/hone" devices | sed -n '/^cpu$/,/^[^ ]/s/^ *fingerprint *//p')
[ -n "$config" ] && [ -n "$fingerprint" ] || fail "neither a config nor a fingerprint to look for"

# check_run PROGRAM: it computes, with a database and without.
check_run() {
    local out
    out=$("$1") || fail "$1 exits with $?"
    echo "$out"
    grep -q '^match   default$' <<<"$out" || fail "$1 without a database does not match by default"
    grep -q '^config  .*=' <<<"$out" || fail "$1 prints no config"
    out=$("$1" known.db) || fail "$1 known.db exits with $?"
    grep -q '^match   exact' <<<"$out" || fail "$1 does not find the winner in known.db: $out"
    grep -Fqx "config  $config" <<<"$out" || fail "$1 runs another config than 'hone query' has: $out"
    if "$1" absent.db >absent.log 2>&1; then
        fail "a missing database is no error of $1"
    fi
    grep -q absent.db absent.log || fail "$1 does not name the missing database: $(cat absent.log)"
}

# expect CODE TEXT COMMAND...: the exit code, and a line of the output.
expect() {
    local code=$1 text=$2 rc=0
    shift 2
    "$@" >out.log 2>&1 || rc=$?
    [ $rc -eq "$code" ] || fail "$* exits with $rc, not $code: $(cat out.log)"
    grep -Fq -- "$text" out.log || fail "$* does not print '$text': $(cat out.log)"
}

# check_find PROGRAM: it knows what the command knows, and loads nothing but SQLite for it.
check_find() {
    expect 0 "config  $config" "$1" $key "$fingerprint" known.db
    expect 0 'match   exact' "$1" $key "$fingerprint" known.db
    expect 0 "config  $config" env HONE_DB=known.db "$1" $key "$fingerprint"
    expect 1 gemm/s8/relu/64x64x64 "$1" gemm/s8/relu/64x64x64 "$fingerprint" known.db
    expect 2 "'cpu:of-nobody'" "$1" $key cpu:of-nobody known.db
    expect 2 "'nonsense'" "$1" nonsense "$fingerprint" known.db
    expect 2 Usage "$1" $key
    expect 4 absent.db "$1" $key "$fingerprint" absent.db
    ldd "$1" >ldd.log
    grep -q 'libhone-db\.so' ldd.log || fail "$1 does not load libhone-db"
    if grep -E 'not found|libhone\.so|cpuinfo|hwloc|OpenCL|cuda' ldd.log; then
        fail "$1 loads more than it needs"
    fi
}

echo "== pkg-config"
mkdir make
make -C "$SOURCE_DIR/examples" BUILD="$PWD/make" CC="${CC:-cc}" CXX="${CXX:-c++}" \
    CFLAGS="-O2 -Wall -Wextra -Werror $flags" CXXFLAGS="-O2 -Wall -Wextra -Werror $flags"
check_run make/gemm_gelu
check_run make/gemm_layer
check_find make/find_config

echo "== CMake"
cmake -S "$SOURCE_DIR/examples" -B cmake -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="${CC:-cc}" \
    -DCMAKE_CXX_COMPILER="${CXX:-c++}" -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" >cmake.log
cmake --build cmake >>cmake.log
check_run cmake/gemm_gelu
check_run cmake/gemm_layer
check_find cmake/find_config
