#!/usr/bin/env bash
# scripts/bench-opencl with a stand-in for the command, whose results are known.
set -u
failures=0
command -v python3 >/dev/null || { echo "python3 is missing" && exit 77; }
unset HONE_CLBLAST_PARAMETERS HONE_BARS_DIR

# A case takes 100 us, in s8 50, by default 110, on the CPU 80, with CLBlast 900, tuned 130.
cat >command <<'END'
#!/usr/bin/env python3
import json, os, sys
arguments = sys.argv[1:]
value = lambda name, default="": arguments[arguments.index(name) + 1] if name in arguments else default
if arguments[0] == "verify":
    if value("--device") != "opencl":
        print("there is no such device", file=sys.stderr)
        sys.exit(3)
elif arguments[0] == "bench":
    us = 100
    if value("--provider") == "clblast":
        us = 130 if os.environ["HONE_CLBLAST_PARAMETERS"] else 900
    elif value("--device") == "cpu":
        us = 80
    elif value("--config") == "default":
        us = 110
    elif value("--dtype") == "s8":
        us = 50
    entries = [{"name": f"gemm/opencl/{value('--dtype')}/{value('--act')}/{shape}/hone/threads:1", "p50_us": us}
               for shape in value("--shape").split(",")]
    with open(value("--out"), "w") as file:
        json.dump({"context": {}, "benchmarks": entries}, file)
    sys.exit(int(os.environ.get("CODE", 0)))
END
chmod +x command
printf 'name,M,N,K\na,8,9,10\nb,11,12,13\n' >shapes.csv
printf 'name,M,N\na,8,9\n' >short.csv

# expect CODE TEXT ARGUMENTS...
expect() {
    local code=$1 text=$2 got
    shift 2
    HONE=$PWD/command "$SOURCE_DIR/scripts/bench-opencl" "$@" >out 2>&1
    got=$?
    if [ $got -ne "$code" ] || ! grep -qF -- "$text" out; then
        echo "FAILED: bench-opencl $*: exit $got, expected $code with '$text'"
        sed 's/^/  | /' out
        failures=$((failures + 1))
    fi
}
expect 0 '--rounds' --help
expect 2 "'--wrong' is unknown" --wrong
expect 2 "'0' is not a whole number from 1" --rounds 0
expect 2 "'1.5' is not a whole number from 0" --seconds 1.5
expect 2 "'cpu' is no OpenCL device" --device cpu
expect 2 'is none of' --shapes 8x8x8
expect 4 "there is no file 'none.csv'" --csv none.csv
expect 4 'has not the columns' --csv short.csv
expect 3 'there is no such device' --device opencl:7 --csv shapes.csv
expect 0 '7 bars measured, 0 missed' --quick --csv shapes.csv bars
grep -qF 'CLBlast tuned | >= 1.4 | not measured: HONE_CLBLAST_PARAMETERS names no folder | |' bars/bars.md || {
    echo "FAILED: it does not say what CLBlast's tuned bar needs"
    failures=$((failures + 1))
}
export HONE_CLBLAST_PARAMETERS=tuned
expect 1 '8 bars measured, 1 missed' --quick --csv shapes.csv bars
for row in '| f32 512x512x512, relu: rate over the CPU backend'"'"'s | >= 0.7 | 0.80 | yes |' \
    '| f32 512x512x512, relu: rate over CLBlast as shipped | >= 8 | 9.00 | yes |' \
    '| f32 512x512x512, relu: rate over CLBlast tuned | >= 1.4 | 1.30 | **no** |' \
    '| s8 512x512x512, relu: rate over f32'"'"'s | >= 1.5 | 2.00 | yes |' \
    'public shapes, geometric mean: rate over CLBlast as shipped and a separate pass | >= 4 | 9.00 | yes |' \
    'public shapes, geometric mean: default'"'"'s time over the winner'"'"'s | <= 1.25 | 1.10 | yes |'; do
    grep -qF -- "$row" bars/bars.md || {
        echo "FAILED: no row '$row'"
        failures=$((failures + 1))
    }
done
diff <(grep '^|' out) bars/bars.md || failures=$((failures + 1))
CODE=4 expect 4 'bench-opencl' --quick --csv shapes.csv bars
CODE=3 expect 5 'no result' --quick --csv shapes.csv bars

[ $failures -eq 0 ]
