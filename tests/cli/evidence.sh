# evidence SHAPE CONFIG P50 [BUILD]: an export that holds one final measurement
# of a f32 relu problem on this machine's CPU, for tests that need a database
# whose content they know. Sourced; sets device, family, build, config, threads.

field() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}\$/\1/p" "$2" | head -1; }

"$HONE" devices --json >devices.json
"$HONE" query --shape 64x64x64 --act relu --json >default.json 2>/dev/null
device=$(field fingerprint devices.json)
family=$(field family devices.json)
build=$(field build default.json)
config=$(field config default.json)
threads=$(sed -n 's/^ *"threads": \([0-9]*\),\{0,1\}$/\1/p' devices.json | head -1)

evidence() {
    local shape=$1 config=$2 p50=$3 identity=${4:-$build}
    local m=${shape%%x*} rest=${shape#*x}
    local n=${rest%%x*} k=${rest#*x}
    local run uid
    run=$(echo "run $identity" | md5sum | cut -c1-32)
    uid=$(echo "$shape $config $p50 $identity" | md5sum | cut -c1-32)
    cat <<LINES
{"record":"hone","schema":1}
{"record":"device","fingerprint":"$device","backend":"cpu","model":"this machine","family":"$family","threads":$threads}
{"record":"build","identity":"$identity","compiler":"cc","flags":"-O2"}
{"record":"environment","host":"h","os":"o","cpu_model":"c","governor":"","binding":"0","huge_pages":"","libraries":"l"}
{"record":"run","uid":"$run","build":"$identity","environment":"h | o | c |  | 0 |  | l","command_line":"hone tune","git_commit":"","started_at":"2026-01-31T12:00:00Z"}
{"record":"problem","text":"gemm/f32/relu/$shape","dtype":"f32","a_type":"f32","c_type":"f32","activation":"relu","m":$m,"n":$n,"k":$k,"bias":1,"weights":"packed","layout":"kxn","a_scales":"tensor"}
{"record":"config","text":"$config"}
{"record":"measurement","uid":"$uid","run":"$run","device":"$device","problem":"gemm/f32/relu/$shape","config":"$config","provider":"hone","mode":"warm","stage":"final","threads":$threads,"measured_at":"2026-01-31T12:00:00Z","sample_count":2,"batch":1,"disturbed":0,"settled":1,"samples":[$p50,$p50],"p50_us":$p50,"p95_us":$p50,"min_us":$p50,"max_us":$p50,"mean_us":$p50,"cv":0,"correct":1,"seed":1,"err_max_abs":1e-6,"err_rel_fro":1e-6,"err_bound_ratio":0.1}
LINES
}
