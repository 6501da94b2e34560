# shellcheck shell=bash
# What hone.h declares, for the scripts that compare something with it. Sourced.

# declarations: the header's own text, preprocessed, a statement a line. A function
# begins with in_both or, where libhone-db lacks it, in_libhone.
declarations() {
    mkdir -p declared/hone
    sed 's/^#define HONE_DB_API .*/#define HONE_DB_API in_both/
         s/^#define HONE_API.*/#define HONE_API in_libhone/
         /^#include/d' "$SOURCE_DIR/include/hone/hone.h" >declared/hone/hone.h
    "${CC:-cc}" -E -P -x c declared/hone/hone.h | tr '\n' ' ' | tr ';' '\n' | sed 's/  */ /g; s/^ //; s/ $//; /^$/d'
}

# declared_functions [in_both|in_libhone]: names of functions, sorted; of both kinds without an argument.
declared_functions() {
    declarations | sed -n "s/^${1:-in_[a-z]*} [^(]*[ *]\(hone_[a-z0-9_]*\)(.*/\1/p" | LC_ALL=C sort
}
