#!/usr/bin/env bash
# Wrong input, one line each:
#     command line | exit code | text expected on stderr
# Nothing may appear on stdout, nothing may crash, and no input file may change.
# `hone` is the command; the files are made below.
set -euo pipefail

table=$(cat <<'TABLE'
# the command itself
hone                                                          | 2 | Usage: hone COMMAND
hone tuen                                                     | 2 | did you mean 'tune'
hone --frobnicate                                             | 2 | '--frobnicate'
hone help qery                                                | 2 | did you mean 'query'

# options
hone devices --jsn                                            | 2 | did you mean '--json'
hone devices --json=yes                                       | 2 | takes no value
hone bench --help=foo                                         | 2 | option '--help' takes no value, got '--help=foo'
hone emit --shape 8x8x8 --json                                | 2 | --json
hone devices extra                                            | 2 | 'extra'
hone devices -x                                               | 2 | '-x'
hone list                                                     | 2 | activations, suites, providers, spaces
hone list activatons                                          | 2 | did you mean 'activations'
hone list suites providers                                    | 2 | 2 topics
hone list suites --markdown                                   | 2 | 'suites'
hone query --shape                                            | 2 | '--shape' needs a value
hone query --shape ''                                         | 2 | --shape is empty
hone bench --shpe 1x2x3                                       | 2 | did you mean '--shape'
hone tune --shape 8x8x8 --t 3                                 | 2 | ambiguous
hone verify --suite quick extra                               | 2 | 'extra'
hone bench --shape 8x8x8 --benchmark_nonsense=1               | 2 | benchmark_nonsense

# numbers
hone query --shape 8x8x8 --threads many                       | 2 | 'many' is not a whole number
hone query --shape 8x8x8 --threads 2x                         | 2 | '2x' is not a whole number
hone query --shape 8x8x8 --threads -1                         | 2 | '-1' is out of range
hone query --shape 8x8x8 --threads 100000                     | 2 | 100000
hone query --shape 8x8x8 --threads 99999999999999999999       | 2 | '99999999999999999999' is out of range
hone tune --shape 8x8x8 --budget soon                         | 2 | 'soon' is not a duration
hone tune --shape 8x8x8 --budget -3s                          | 2 | '-3s' is not a duration
hone tune --shape 8x8x8 --budget nan                          | 2 | 'nan' is not a duration
hone tune --shape 8x8x8 --max-evals 1.5                       | 2 | '1.5' is not a whole number
hone tune --shape 8x8x8 --max-error tiny                      | 2 | 'tiny' is not a number
hone tune --shape 8x8x8 --max-error inf                       | 2 | 'inf' is not a number
hone tune --shape 8x8x8 --max-error -1                        | 2 | -1
hone tune --shape 8x8x8 --shard 5/3                           | 2 | 5/3
hone tune --shape 8x8x8 --shard half                          | 2 | half
hone gate a.json b.json --threshold -1                        | 2 | -1

# shapes
hone query --shape 0x8x8                                      | 2 | M = 0
hone query --shape 8x-8x8                                     | 2 | N = -8
hone query --shape 8x8x1000000000000                          | 2 | K = 1000000000000
hone query --shape 8x8x99999999999999999999999                | 2 | K = 99999999999999999999999
hone query --shape 16777216x16777216x1                        | 2 | 16777216 x 16777216
hone query --shape 8x8                                        | 2 | '8x8' is not MxNxK
hone query --shape 8x8x8x8                                    | 2 | '8x8x8x8' is not MxNxK
hone query --shape 8xEIGHTx8                                  | 2 | '8xEIGHTx8' is not MxNxK
hone query --shape 8x8x8,                                     | 2 | empty item
hone query --shape +8x8x8                                     | 2 | '+8x8x8' is not MxNxK
hone tune --suite quick --shape 8x8x8                         | 2 | exclude each other
hone emit                                                     | 2 | --shape

# names
hone query --shape 8x8x8 --act gelo_tanh                      | 2 | did you mean 'gelu_tanh'
hone query --shape 8x8x8 --act xyzzy                          | 2 | 'xyzzy' is unknown
hone query --shape 8x8x8 --act leaky_relu:alpha=steep         | 2 | 'steep'
hone query --shape 8x8x8 --act leaky_relu:beta=1              | 2 | 'beta' is unknown
hone query --shape 8x8x8 --act relu:alpha=1                   | 2 | no parameters
hone query --shape 8x8x8 --act leaky_relu:alpha               | 2 | leaky_relu:name=value
hone query --shape 8x8x8 --act leaky_relu:alpha=nan           | 2 | 'nan'
hone query --shape 8x8x8 --act clip:min=0,max=1               | 2 | follows its activation after a colon
hone query --shape 8x8x8 --dtype f31                          | 2 | one of f32, f16, bf16, s8
hone query --shape 8x8x8 --dtype u8                           | 2 | f32, f16, bf16 or s8
hone bench --suite quik                                       | 2 | did you mean 'quick'
hone bench --suite xyzzy                                      | 2 | quick
hone bench --shape 8x8x8 --provider openbla                   | 2 | did you mean 'openblas'
hone tune --shape 8x8x8 --strategy randon                     | 2 | did you mean 'random'
hone tune --shape 8x8x8 --objective p50s                      | 2 | 'p50s'
hone query --shape 8x8x8 --objective fastest                  | 2 | 'fastest'
hone gate a.json b.json --metric speed                        | 2 | 'speed' is unknown
hone query --shape 8x8x8 --weights loose                      | 2 | packed or plain
hone query --device tpu --shape 8x8x8                         | 2 | 'tpu' is unknown
hone query --device cpu:9 --shape 8x8x8                       | 3 | 'cpu:9'
hone bench --device cuda:99 --shape 8x8x8                     | 3 | 'cuda:99'
hone tune --device opencl:99 --shape 8x8x8                    | 3 | 'opencl:99'
hone query --shape 8x8x8 --act prelu:alpha=0.3                | 2 | per column
hone emit --device opencl:99 --shape 8x8x8                    | 3 | 'opencl:99'
hone list spaces --device opencl:99                           | 3 | 'opencl:99'
hone list spaces --device cuda:99                             | 3 | 'cuda:99'
hone list spaces --device cuda:nonsense                       | 2 | cuda:h200
hone emit --device cuda:h20 --shape 8x8x8                     | 2 | did you mean 'cuda:h200'

# combinations that contradict
hone query --shape 8x8x8 --dtype f32 --rowscale               | 2 | only s8
hone query --shape 8x8x8 --dtype f16 --out-type f32           | 2 | only s8
hone query --shape 8x8x8 --dtype s8 --a-type f32              | 2 | s8 or u8
hone query --shape 8x8x100000 --dtype s8                      | 2 | 65536

# configs
hone emit --shape 8x8x8 --config mr=11                        | 2 | mr=11 is not legal
hone emit --shape 8x8x8 --config "${KNOWN/mr=*,nc/mr=banana,nc}" | 2 | mr=banana
hone emit --shape 8x8x8 --config "$KNOWN,color=red"           | 2 | 'color' is unknown
hone verify --shape 8x8x8 --config nosuchkey=1                | 2 | nosuchkey
hone bench --shape 8x8x8 --config =                           | 2 | config '='
hone emit --shape 8x8x8 --config isa=scalar,isa=scalar        | 2 | twice
hone emit --shape 8x8x8 --config isa=z80                      | 2 | isa=z80
hone emit --device cuda:h200 --shape 8x512x512 --config family=wgmma | 2 | no config with family=wgmma is legal for this problem
hone emit --shape 8x8x8 --config "${KNOWN/kc=128/kc=8192}"     | 2 | breaks the constraint

# databases
hone query --shape 8x8x8 --db absent.db                       | 4 | absent.db
hone query --shape 8x8x8 --db text.db                         | 4 | text.db
hone query --shape 8x8x8 --db empty.db                        | 4 | empty.db
hone query --shape 8x8x8 --db foreign.db                      | 4 | not one of Hone
hone query --shape 8x8x8 --db newer.db                        | 4 | newer Hone
hone query --shape 8x8x8 --db folder                          | 4 | folder
hone query --shape 8x8x8 --db truncated.db                    | 4 | truncated.db
hone tune --shape 8x8x8 --max-evals 1 --db text.db            | 4 | text.db
hone tune --shape 8x8x8 --max-evals 1 --db foreign.db         | 4 | not one of Hone
hone tune --shape 8x8x8 --max-evals 1 --db newer.db           | 4 | newer Hone
hone tune --shape 8x8x8 --max-evals 1 --db folder             | 4 | folder
hone tune --shape 8x8x8 --max-evals 1 --db /dev/full          | 4 | /dev/full
hone tune --shape 8x8x8 --max-evals 1 --db text.db/hone.db    | 4 | text.db
hone devices --db absent.db                                   | 4 | absent.db
hone devices --db foreign.db                                  | 4 | not one of Hone
hone db                                                       | 2 | check
hone db chekc                                                 | 2 | check
hone db check --db absent.db > verdict.txt                    | 4 | absent.db
hone db check --db text.db > verdict.txt                      | 4 | text.db
hone db check --db foreign.db > verdict.txt                   | 4 | not one of Hone
hone db check --db newer.db > verdict.txt                     | 4 | newer Hone
hone db check --db truncated.db > verdict.txt                 | 4 | truncated.db
hone report absent.db --csv out.csv                           | 4 | absent.db
hone report foreign.db --csv out.csv                          | 4 | not one of Hone

# files
hone bench --shape 8x8x8 --out no/such/folder/out.json        | 4 | no/such/folder/out.json
hone bench --shape 8x8x8 --out folder                         | 4 | folder
hone report good.db --html no/such/folder/out.html            | 4 | no/such/folder/out.html
hone report good.db --csv folder                              | 4 | folder
hone gate absent.json absent.json                             | 4 | absent.json
hone gate text.db text.db                                     | 4 | text.db
hone gate one.json                                            | 2 | operand
hone tune --simulate absent.json                              | 4 | absent.json
hone tune --simulate one.json                                 | 4 | 'one.json' is empty
hone tune --simulate text.db                                  | 4 | is not JSON
hone tune --simulate folder                                   | 4 | folder
hone tune --simulate one.json --shape 8x8x8                   | 2 | --shape does nothing
hone tune --space one.json                                    | 2 | --space needs --simulate
hone db export --format t5 --db good.db                       | 2 | did you mean 't4'
hone db export --format t4 --problem foo --db good.db         | 2 | --problem: 
hone db export --format t4 --problem gemm/f32/relu/8x8 --db good.db | 2 | '8x8'
hone db export --format t4 --problem gemm/f32/relu/8x8x9 --db good.db | 1 | no results of hone's kernels for gemm/f32/relu/8x8x9

# output that cannot be written: a full disk, a closed stream
hone --version > /dev/full                                    | 4 | standard output
hone list suites > /dev/full                                  | 4 | standard output
hone list suites --json > /dev/full                           | 4 | standard output
hone devices > /dev/full                                      | 4 | standard output
hone query --shape 8x8x8 --db good.db > /dev/full             | 4 | standard output
hone query --shape 8x8x8 --db good.db --json > /dev/full      | 4 | standard output
hone emit --shape 8x8x8 > /dev/full                           | 4 | could not be written
hone bench --shape 8x8x8 > /dev/full                          | 4 | standard output
hone report good.db --html - > /dev/full                      | 4 | standard output
hone list suites >&-                                          | 4 | standard output
hone bench --shape 8x8x8 --out /dev/full > shown.txt          | 4 | /dev/full
hone report good.db --csv /dev/full                           | 4 | /dev/full
full_disk hone tune --shape 8x8x8 --max-evals 1 --db disk.db  | 4 | disk.db
full_disk hone bench --shape 8x8x8 --out x.json > shown.txt   | 4 | x.json
TABLE
)

hone() { timeout 120 "$HONE" "$@"; }

# Files cannot grow beyond 1 KiB, as on a disk that has just filled up.
full_disk() { (
    trap '' XFSZ
    ulimit -f 1
    "$@"
); }

# ---- the files

good_problem=(--shape 8x8x8 --dtype f32 --act relu --threads 1)
hone tune "${good_problem[@]}" --max-evals 2 --db good.db >tune.out 2>tune.err || {
    cat tune.err
    echo "FAIL: no database could be made to spoil"
    exit 1
}
hone db check --db good.db >check.before

# overwrite FILE OFFSET BYTES: writes into the middle of a file.
overwrite() { printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
cp good.db foreign.db
overwrite foreign.db 68 'Else' # SQLite's application_id
cp good.db newer.db
overwrite newer.db 60 '\0\0\377\377' # SQLite's user_version
head -c 6000 good.db >truncated.db
echo 'not a database at all, though it is long enough to be taken for the head of one; and more of the same' >text.db
: >empty.db
: >one.json
mkdir folder
KNOWN=$(hone query "${good_problem[@]}" --db good.db --json | sed -n 's/^ *"config": "\(.*\)",*$/\1/p')
sha256sum ./*.db one.json >sums.before

# ---- the table

failures=0
lines=0
complain() {
    failures=$((failures + 1))
    printf 'FAIL: %s\n      %s\n' "$command" "$1"
    sed 's/^/      | /' stderr.txt
}

while IFS='|' read -r command code text; do
    case $command in '' | '#'*) continue ;; esac
    read -r code <<<"$code"
    read -r text <<<"$text"
    lines=$((lines + 1))
    status=0
    eval "$command" >stdout.txt 2>stderr.txt </dev/null || status=$?
    if [ "$status" -ne "$code" ]; then
        complain "exits with $status, not $code"
    elif ! grep -qF -- "$text" stderr.txt; then
        complain "does not say \"$text\""
    elif [ -s stdout.txt ] && [[ $command != *'>'* ]]; then
        complain "writes on stdout: $(head -1 stdout.txt)"
    elif grep -qE 'Sanitizer|runtime error' stderr.txt; then
        complain "a sanitizer complains"
    fi
done <<<"$table"

# ---- nothing lost

if ! sha256sum --quiet -c sums.before; then
    echo "FAIL: a file changed"
    failures=$((failures + 1))
fi
hone db check --db good.db >check.after
if ! cmp check.before check.after; then
    echo "FAIL: the good database is not what it was"
    failures=$((failures + 1))
fi

echo "$lines lines, $failures failures"
[ "$failures" -eq 0 ] && [ "$lines" -gt 90 ]
