#!/usr/bin/env bash
# scripts/bench-bars with a stand-in for the command, whose results are known.
set -u
failures=0
command -v python3 >/dev/null || { echo "python3 is missing" && exit 77; }

# A case takes 100 us (its fastest sample 99), its gelu_tanh GELU us and a peer's 130 us, at 95% of the peak.
cat >command <<'END'
#!/usr/bin/env python3
import json, os, sys
arguments = sys.argv[1:]
value = lambda name, default="": arguments[arguments.index(name) + 1] if name in arguments else default
if arguments[0] == "devices":
    print(json.dumps([{"name": "cpu", "code_paths": ["avx2"]}]))
elif arguments[:2] == ["list", "providers"]:
    print("provider\nhone yes\nonednn yes")
elif "--benchmark_list_tests=true" in arguments:
    print("gemm/a")
elif arguments[0] == "bench":
    entries = [{"name": f"gemm/cpu/{value('--dtype')}/{act}/{shape}/{provider}/threads:1", "pct_peak": 95.0,
                "pct_roof": 93.0, "read_gbps": 10.0, "label": "isa=avx2,form=fast",
                "min_us": float(os.environ.get("LEAST", 99)) if act != "gelu_tanh" else float(os.environ["GELU"]),
                "p50_us": 130.0 if provider != "hone" else float(os.environ["GELU"]) if act == "gelu_tanh" else 100.0}
               for shape in value("--shape", "8x8x8").split(",") for act in value("--act").split(",")
               for provider in value("--provider", "hone").split(",")]
    with open(value("--out"), "w") as file:
        json.dump({"context": {}, "benchmarks": entries}, file)
    sys.exit(int(os.environ.get("CODE", 0)))
END
chmod +x command

# expect CODE TEXT ARGUMENTS...
expect() {
    local code=$1 text=$2 got
    shift 2
    HONE=$PWD/command "$SOURCE_DIR/scripts/bench-bars" "$@" >out 2>&1
    got=$?
    if [ $got -ne "$code" ] || ! grep -qF -- "$text" out; then
        echo "FAILED: bench-bars $*: exit $got, expected $code with '$text'"
        sed 's/^/  | /' out
        failures=$((failures + 1))
    fi
}
export GELU=110
expect 0 '--budget-per-case' --help
expect 2 "'--wrong' is unknown" --wrong
expect 2 'no list of numbers' --threads one
expect 2 'not whole seconds' --budget-per-case 0.5
expect 2 'second folder' one two
expect 1 '14 bars measured' --quick --threads 1 bars
for row in '| f32 512x512x512, relu | 1 | >= 96% | 95.0% (96.0%) | **no** |' \
    '| f32 3136x256x64, gelu_tanh form=fast over identity | 1 | <= 1.12 | 1.10 | yes |' \
    '| bf16 3136x256x64, gelu_tanh over identity | 1 | <= 1.25 | not measured: the CPU has no BF16' \
    '| s8 1x4096x4096, of the read bandwidth | 1 | >= 92% | 93.0% (93.9%) | yes |' \
    'default over tuned, geometric mean | 1 | <= 1.1 | 1.00 | yes |' 'mish: onednn over hone | 1 | >= 1.2 | 1.30 onednn, 1.30 at no cost | yes |'; do
    grep -qF -- "$row" bars/bars.md || {
        echo "FAILED: no row '$row'"
        failures=$((failures + 1))
    }
done
diff <(grep '^|' out) bars/bars.md || failures=$((failures + 1))
LEAST=98 expect 1 '| f32 512x512x512, relu | 1 | >= 96% | 95.0% (96.9%) | by the fastest alone |' --quick --threads 1 bars
CODE=4 expect 4 'bench-bars' --quick --threads 1 bars
CODE=3 expect 5 'no result' --quick --threads 1 bars
[ -s bars/results/peak-f32-1.json ] || failures=$((failures + 1))

[ $failures -eq 0 ]
