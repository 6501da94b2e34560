# The committed reference databases are sound, hold no wrong kernel, and merge.
set -euo pipefail

count=0
for db in "$SOURCE_DIR"/results/*/hone.db; do
    "$HONE" db check --db "$db"
    "$HONE" db export --db "$db" >all.jsonl
    "$HONE" db import all.jsonl --db copy.db
    count=$((count + 1))
done
[ "$count" -gt 0 ]
"$HONE" db check --db copy.db
