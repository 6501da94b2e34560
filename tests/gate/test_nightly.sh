# scripts/nightly with a stand-in for the command that "measures" a given time:
# exit codes, and what becomes the baseline.
set -u
failures=0
real=$HONE

# command_with P50 [EXIT [TUNE_EXIT]]: writes ./command, whose bench finds P50 and
# ends with EXIT, and whose tune ends with TUNE_EXIT.
command_with() {
    cat >command <<END
#!/usr/bin/env bash
case \$1 in
gate) exec '$real' "\$@" ;;
tune) echo tuned >>"\$HONE_DB" && exit ${3:-0} ;;
bench)
    shift
    out=/dev/stdout
    while [ \$# -gt 0 ]; do
        [ "\$1" = --out ] && out=\$2
        shift
    done
    echo '{"context": {}, "benchmarks": [{"name": "gemm/cpu/f32/relu/8x8x8/hone/threads:1",' >"\$out"
    echo '"p50_us": $1, "p50_low_us": $1, "p50_high_us": $1}]}' >>"\$out"
    exit ${2:-0} ;;
report) [ -s "\$2" ] ;;
esac
END
    chmod +x command
}

# night CODE TEXT ARGUMENTS...
night() {
    local code=$1 text=$2 got
    shift 2
    HONE=$PWD/command "$SOURCE_DIR/scripts/nightly" "$@" >log 2>&1
    got=$?
    if [ $got -ne "$code" ] || ! grep -qF -- "$text" log; then
        echo "FAILED: nightly $*: exit $got, expected $code with '$text'"
        sed 's/^/  | /' log
        failures=$((failures + 1))
    fi
    sleep 1 # results are named by the second
}

command_with 100
night 0 "first night" kept
night 0 "verdict: SAME" kept
command_with 150
night 1 "verdict: SLOW" kept
night 1 "verdict: SLOW" kept
night 1 "new baseline" --accept kept
night 0 "verdict: SAME" kept
command_with 100
night 0 "verdict: FAST" kept
command_with 100 1
night 1 "exit code 1" kept
command_with 100 3
night 3 "measuring ended with code 3" kept
command_with 100 0 5
night 5 "untuned" kept
command_with 100
rm kept/baseline/hone # lost: the results files are compared
night 0 "comparing their results files" kept
night 2 "--bogus" --bogus
night 2 "second folder" kept other
night 4 "cannot create" /dev/null/x
night 0 "Exit codes" --help
[ "$(ls kept/results | wc -l)" -ge 9 ] || { echo "FAILED: results are not kept"; failures=$((failures + 1)); }

[ $failures -eq 0 ]
