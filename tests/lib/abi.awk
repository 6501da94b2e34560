# Writes a C program that prints the ABI of the statements of hone.h, a line each as
# declarations() of declared.sh gives them. What is no constant, enum, struct or
# function is printed as it stands, so that nothing is left out.

function trim(text) {
    gsub(/^ +| +$/, "", text)
    return text
}

function print_text(kind, text) {
    gsub(/["\\]/, "\\\\&", text)
    printf "    puts(\"%s %s\");\n", kind, text
}

# "int64_t m, n" or "const char *text" or "double x[2]": one row a name.
function print_fields(declaration,    names, count, i, name, type) {
    count = split(declaration, names, ",")
    for (i = 1; i <= count; i++) {
        name = trim(names[i])
        sub(/ *\[.*/, "", name)
        if (i == 1)
            type = trim(substr(name, 1, match(name, /[A-Za-z0-9_]+$/) - 1))
        name = substr(name, match(name, /[A-Za-z0-9_]+$/))
        printf "    printf(\"struct %s %%04zu size %%zu %s %s\\n\", offsetof(%s, %s), sizeof((%s *)0)->%s);\n",
            structure, type, name, structure, name, structure, name
    }
}

# Names of parameters are not part of the ABI.
function print_function(text,    open, parameters, count, i, line) {
    line = text ~ /^in_both/ ? "libhone libhone-db " : "libhone "
    sub(/^in_[a-z]* /, "", text)
    open = index(text, "(")
    count = split(substr(text, open + 1, length(text) - open - 1), parameters, ",")
    line = line substr(text, 1, open)
    for (i = 1; i <= count; i++) {
        parameters[i] = trim(parameters[i])
        if (parameters[i] ~ /[ *]/)
            sub(/[A-Za-z0-9_]+$/, "", parameters[i])
        line = line (i > 1 ? ", " : "") trim(parameters[i])
    }
    print_text("function", line ")")
}

BEGIN {
    print "#include <hone/hone.h>\n#include <stdio.h>\nint main(void) {"
    print "    printf(\"type pointer size %zu\\n\", sizeof(void *));"
}

/^#define HONE_[A-Z_]+ / {
    printf "    printf(\"constant %s %%lld\\n\", (long long)%s);\n", $2, $2
    next
}

/^typedef enum [a-z_0-9]+ \{/ {
    enumeration = $3
    sub(/^[^{]*\{/, "")
    sub(/\}.*/, "")
    count = split($0, values, ",")
    for (i = 1; i <= count; i++) {
        sub(/=.*/, "", values[i])
        value = trim(values[i])
        if (value != "")
            printf "    printf(\"enum %s %%03d %s\\n\", (int)%s);\n", enumeration, value, value
    }
    printf "    printf(\"type %s size %%zu\\n\", sizeof(%s));\n", enumeration, enumeration
    next
}

/^typedef struct [a-z_0-9]+ \{/ {
    structure = $3
    sub(/^[^{]*\{/, "")
}

/^\}/ {
    printf "    printf(\"struct %s size %%zu align %%zu\\n\", sizeof(%s), _Alignof(%s));\n", structure, structure,
        structure
    structure = ""
    next
}

structure { print_fields($0); next }

/^in_[a-z]+ .*\(/ { print_function($0); next }

{ print_text("type", $0) }

END { print "    return 0;\n}" }
