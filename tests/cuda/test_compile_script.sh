# scripts/compile-cuda: what it compiles without a GPU, and what it refuses. Skipped where there is no NVRTC.
set -eu
script=$SOURCE_DIR/scripts/compile-cuda

fail() {
    echo "FAIL: $*"
    cat out.txt err.txt
    exit 1
}
# ends_with CODE ARGUMENTS...
ends_with() {
    local wanted=$1 code=0
    shift
    "$script" "$@" >out.txt 2>err.txt || code=$?
    [ $code -eq "$wanted" ] || fail "scripts/compile-cuda $*: exit $code, not $wanted"
}

export BENCH_CUDA=$BUILD_DIR/tests/bench_cuda
ends_with 2 --configs none
ends_with 2 h200
ends_with 0 --help
grep -q 'Exit codes' out.txt || fail "--help does not tell the exit codes"
BENCH_CUDA=$PWD/none ends_with 4

if ! ls "$SOURCE_DIR"/build/nvrtc/lib/libnvrtc.so.* >/dev/null 2>&1 || [ "${HONE_SWEEP:-}" = quick ]; then
    echo "skipped: there is no NVRTC (scripts/fetch-nvrtc), or HONE_SWEEP=quick"
    exit 77
fi
export HONE_CACHE_DIR=$PWD/cache
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$SOURCE_DIR/build/nvrtc/lib
ends_with 0 --configs 1 cuda:h200
grep -q '^24 configs: .* 0 wait after every wgmma, 0 were refused' out.txt || fail "not all were compiled"

# What is no list is refused, and told.
lists=('  bm=1' 'gemm/f16/relu' 'gemm/f16/relu/64x64x64\n  @nobody' 'gemm/f16/relu/64x64x64\n  bm'
    'gemm/f16/relu/64x64x64\n  bm=1' 'gemm/f16/relu/64x64x64\n  nosuch=3')
for list in "${lists[@]}"; do
    printf "$list\n" >list.txt
    code=0
    "$BENCH_CUDA" --compile cuda:h200 <list.txt >out.txt 2>err.txt || code=$?
    [ $code -eq 2 ] && [ -s err.txt ] || fail "the list '$list': $code"
done
code=0
"$BENCH_CUDA" --compile cpu </dev/null >out.txt 2>err.txt || code=$?
[ $code -eq 2 ] && [ -s err.txt ] || fail "a device that is none of CUDA's: $code"
