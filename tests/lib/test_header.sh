#!/usr/bin/env bash
# The public header compiles alone in each language it promises, and the library
# exports what the header declares and nothing else.
set -euo pipefail

header=$SOURCE_DIR/include/hone/hone.h
library=$(find "$BUILD_DIR" -name 'libhone.so' | head -1)
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

# Names followed by '(' in a declaration that begins with HONE_API.
"$cc" -E -P -I"$SOURCE_DIR/include" only.c 2>/dev/null | tr '\n' ' ' | tr ';' '\n' |
    sed -n 's/.*__attribute__((visibility("default")))[^(]*[ *]\(hone_[a-z0-9_]*\)(.*/\1/p' | sort -u >declared
[ -s declared ] || fail "no declaration was found in $header"

nm -D --defined-only "$library" | awk '$2 ~ /^[A-Z]$/ { print $3 }' | grep -v '^__\|^_init$\|^_fini$' |
    sort -u >exported
diff declared exported || fail "the library's symbols (>) differ from the header's declarations (<)"

if readelf -d "$library" | grep NEEDED | grep -E 'benchmark|jansson|openblas|dnnl|stdc\+\+'; then
    fail "the library needs something that only the command may need"
fi
if nm -D --undefined-only "$library" | grep -E ' (printf|puts|fputs|exit|_exit|abort|__printf_chk)(@|$)'; then
    fail "the library prints or exits"
fi
if nm -D --undefined-only "$library" | grep " hone_"; then
    fail "the library lacks functions that it calls itself"
fi
echo "$(wc -l <declared) functions declared and exported"
