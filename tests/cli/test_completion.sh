#!/usr/bin/env bash
# Completion: bash's script offers what the command knows, and the command knows
# every command and option that its help has, with names for every named value.
set -euo pipefail

fail() {
    echo "FAIL: $*"
    exit 1
}

mkdir bin folder
ln -s "$HONE" bin/hone
PATH=$PWD/bin:$PATH
touch file-1.db file-2.db
# shellcheck source=/dev/null
source "$SOURCE_DIR/tuner/cli/completion/hone.bash"
complete -p hone >registered || fail "the script registers no completion"
grep -q -- '-F _hone' registered || fail "the script registers $(cat registered)"

# offers LINE: what bash would offer at its end, on one line, sorted. Words are
# parted as Readline does, at blanks and around '=' and ':'.
offers() {
    local parts
    parts=$(sed 's/\([=:]\)/ \1 /g; s/ $//' <<<"$1")
    read -ra COMP_WORDS <<<"$parts"
    [[ $1 == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    _hone hone '' ''
    printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd' '
}

# line to complete | what is offered; a leading * before a word: at least that one.
count=0
while IFS='|' read -r line expected; do
    line=${line#"["} line=${line%"]"*}
    got=$(offers "$line")
    if [[ $expected == ' *'* ]]; then
        [[ " $got " == *" ${expected# \*} "* ]] || fail "[$line] offers '$got', which lacks '${expected# \*}'"
    else
        [ " $got" = "$expected" ] || [ "$got" = "$expected" ] || fail "[$line] offers '$got', not '${expected# }'"
    fi
    count=$((count + 1))
done <<'TABLE'
[hone ver]| verify
[hone --ver]| --version
[hone help ga]| gate
[hone list ]| activations providers spaces suites
[hone list su]| suites
[hone tune --dt]| --dtype
[hone tune --dtype ]| bf16 f16 f32 s8
[hone tune --dtype f32,b]| f32,bf16
[hone tune --dtype=s]| s8
[hone tune --dtype=f32,s]| f32,s8
[hone tune --out-type ]| f16 f32 s8 u8
[hone tune --a-type ]| s8 u8
[hone bench --act gelu_]| gelu_erf gelu_tanh
[hone bench --suite bert_b]| bert_base
[hone bench --provider one]| onednn
[hone bench --device c]| *cpu
[hone tune --strategy ex]| exhaustive
[hone tune --objective ]| p50 p95 throughput
[hone query --require=n]| near
[hone query --threads ]|
[hone gate --metric p95]| p95_us
[hone gate old new -- --suite bert_b]| bert_base
[hone db ]| check export import merge prune
[hone db export --form]| --format
[hone db check fi]| file-1.db file-2.db
[hone db merge file-1.db -o fi]| file-1.db file-2.db
[hone tune --db=file-2]| file-2.db
[hone report --out-dir fo]| folder
[hone nonsense --j]|
TABLE

# What the command's help has is what is offered.
"$HONE" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' | sort >commands
[ -s commands ] || fail "the help has no commands"
"$HONE" complete '' | grep -v '^-\|^help$' | sort >offered
diff commands offered || fail "not all commands (<) are offered (>)"
values=0
while read -ra command; do
    if [ "${command[*]}" = db ]; then
        continue
    fi
    "$HONE" "${command[@]}" --help | sed -n 's/^  \(--[a-z-]*\) *\([^ ]*\).*/\1 \2/p' >options
    cut -d' ' -f1 options | sort >names
    "$HONE" complete "${command[@]}" -- | sort >offered
    diff names offered || fail "${command[*]}: not all options (<) are offered (>)"
    while read -r option value; do
        case $value in
        NAME | TYPE | HOW | CONFIG)
            "$HONE" complete "${command[@]}" "$option" '' >offered
            [ -s offered ] || fail "${command[*]} $option: no value is offered; cli_complete.c names them"
            values=$((values + 1))
            ;;
        FILE) [ "$("$HONE" complete "${command[@]}" "$option" '')" = :files ] || fail "$option: no files" ;;
        DIR) [ "$("$HONE" complete "${command[@]}" "$option" '')" = :folders ] || fail "$option: no folders" ;;
        esac
    done <options
done < <(cat commands && "$HONE" db --help | sed -n 's/^  \([a-z]*\)  .*/db \1/p')
[ "$values" -gt 0 ] || fail "no option with named values was found"

# What is offered is accepted. A database that is not there is no matter of usage.
accepted() {
    local rc=0
    "$HONE" "$@" >out 2>err || rc=$?
    [ "$rc" -ne 2 ] || fail "'$*', which completion offers, is refused: $(cat err)"
}
export XDG_DATA_HOME=$PWD HONE_DB=
for option in dtype act device isa weights; do
    for value in $("$HONE" complete query "--$option" ''); do
        accepted query --shape 8x8x8 "--$option" "$value"
    done
done
for option in a-type out-type; do
    for value in $("$HONE" complete query "--$option" ''); do
        accepted query --shape 8x8x8 --dtype s8 "--$option" "$value"
    done
done
for value in $("$HONE" complete query --suite ''); do
    accepted query --dtype f32 --act relu --suite "$value"
done
for value in $("$HONE" complete query --objective ''); do
    accepted query --shape 8x8x8 --objective "$value"
done
for value in $("$HONE" complete emit --config ''); do
    accepted emit --shape 8x8x8 --config "$value"
done
for value in $("$HONE" complete db export --format ''); do
    accepted db export --db absent.db --format "$value"
done
for value in $("$HONE" complete gate --metric ''); do
    accepted gate absent-1.json absent-2.json --metric "$value"
done
for value in $("$HONE" complete tune --strategy ''); do
    accepted tune --simulate absent.json --strategy "$value"
done
echo "$count lines, $values options with named values"
