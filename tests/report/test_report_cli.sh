# hone report from the command line: a database tuned here, and bad input.
set -u
failures=0
export XDG_DATA_HOME=$PWD/data
unset HONE_DB

# expect CODE TEXT ARGUMENTS...: exit code, and TEXT somewhere in the output.
expect() {
    local code=$1 text=$2 got
    shift 2
    "$HONE" report "$@" >out 2>err
    got=$?
    if [ $got -ne "$code" ] || ! cat out err | grep -qF -- "$text"; then
        echo "FAILED: hone report $*"
        echo "  exit $got, expected $code with '$text'"
        sed 's/^/  | /' out err
        failures=$((failures + 1))
    fi
}

"$HONE" tune --device cpu --shape 24x40x16 --dtype f32,s8 --act gelu_tanh --threads 1 --max-evals 2 \
    --budget 10s --seed 1 --db tuned.db >tune.log 2>&1 || {
    echo "FAILED: nothing could be tuned"
    cat tune.log
    exit 1
}
expect 0 hone-report/index.html tuned.db
expect 0 pages/deep/report.csv tuned.db --out-dir pages/deep
expect 0 "" --db tuned.db --html page.html
expect 0 '"winners": 2' tuned.db --json
expect 0 "gemm/s8/gelu_tanh/24x40x16" tuned.db --csv -
expect 0 "gemm/f32/gelu_tanh/24x40x16" tuned.db --markdown -
for file in hone-report/index.html hone-report/report.md hone-report/report.csv pages/deep/index.html page.html; do
    [ -s "$file" ] || { echo "FAILED: $file is missing"; failures=$((failures + 1)); }
done
grep -q 'gemm/f32/gelu_tanh/24x40x16' page.html && grep -q '<svg' page.html && grep -q 'unfused' page.html || {
    echo "FAILED: the page lacks its winner, its charts or the unfused baseline"
    failures=$((failures + 1))
}
if command -v python3 >/dev/null; then
    python3 - <<'PYTHON' || failures=$((failures + 1))
import csv, xml.etree.ElementTree
xml.etree.ElementTree.parse("page.html")
rows = list(csv.DictReader(open("hone-report/report.csv", newline="")))
assert len(rows) == 2, rows
for row in rows:
    assert float(row["p50_us"]) > 0 and float(row["gflops"]) > 0 and None not in row.values(), row
    assert float(row["err_bound_ratio"]) <= 1 and len(row["measurement"]) == 32, row
PYTHON
fi

cp tuned.db copy.db
expect 0 "" tuned.db copy.db --html both.html
grep -q 'Devices compared' both.html || { echo "FAILED: two databases are not compared"; failures=$((failures + 1)); }

echo 'not a database, whatever its name says' >foreign.db
head -c 5000 tuned.db >cut.db
expect 4 "missing.db" missing.db
expect 4 "hone.db" # the default one, which is not there
expect 4 "foreign.db" foreign.db
expect 4 "cut.db" cut.db
expect 4 "missing.db" tuned.db missing.db
expect 4 "no/folder" tuned.db --html no/folder/page.html
expect 4 "page.html" tuned.db --out-dir page.html
[ -w /dev/full ] && expect 4 "/dev/full" tuned.db --html /dev/full
expect 2 "bogus" tuned.db --bogus
expect 2 "p42" tuned.db --objective p42
expect 2 "--out-dir" tuned.db --out-dir x --csv y
"$HONE" tune --device cpu --shape 24x40x16 --threads 1 --budget 0.000001s --db empty.db >tune.log 2>&1
expect 5 "no winner" empty.db --html none.html
expect 0 "" empty.db tuned.db --html some.html
expect 0 "Usage" --help

[ $failures -eq 0 ]
