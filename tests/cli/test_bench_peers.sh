# scripts/bench-peers from its options to its table, on what libraries this machine has.
set -u
script=$SOURCE_DIR/scripts/bench-peers
fail() {
    echo "FAIL: $*"
    cat log 2>/dev/null
    exit 1
}
# refused TEXT ARGUMENTS...: usage, before anything is built or measured.
refused() {
    local text=$1
    shift
    "$script" --no-install "$@" >log 2>&1
    [ $? -eq 2 ] && grep -qF -- "$text" log || fail "'$*' must be refused with '$text'"
}
refused "'--bogus' is unknown" --bogus
refused "--suite needs a value" --suite
refused "no list of numbers" --threads some
refused "not whole seconds" --budget-per-case soon
refused "a second folder" one two
"$script" --help | grep -q -- '--budget-per-case' || fail "--help names no options"

"$script" --no-install --quick --shape 24x40x16 --dtype f32,u8-f32 --act relu --threads 1 \
    --budget-per-case 8s night >out 2>log
code=$?
if [ $code -eq 3 ]; then
    cat log
    exit 77
fi
[ $code -eq 0 ] || fail "it ended with $code"
grep -q '^| f32, 1 | .*(1) |$' out || fail "f32 is not in the table: $(cat out)"
cmp -s out night/peers.md || fail "what is printed differs from night/peers.md"
[ -s night/results/shapes-f32-1.json ] && [ -s night/hone.db ] || fail "the results are not kept"
"$script" --no-install --quick --shape 24x40x16 --dtype f32 --act relu --threads 1 night >out 2>log ||
    fail "a second run ended with $?"
grep -qE '1 up to date|[ ,]0 evaluations' log || fail "a second run tunes again"
