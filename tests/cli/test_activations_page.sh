#!/usr/bin/env bash
# docs/activations.md is what the activation table says.
set -euo pipefail
"$HONE" list activations --markdown >activations.md
if ! diff "$SOURCE_DIR/docs/activations.md" activations.md; then
    echo "FAIL: docs/activations.md is out of date; write it with 'cmake --build build --target docs-activations'"
    exit 1
fi
