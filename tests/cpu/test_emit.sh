# Every kind of variant, printed by `hone emit`, compiles by itself without a
# warning, with every compiler here, and defines the tile it promises. What this CPU
# cannot run is printed by $HONE_EMULATED, which can (tests/cpu/emulated.cmake).
set -euo pipefail

# Nothing is inlined but in the scalar variant: that is nearly all of the time a compiler takes without optimising.
flags=(-std=c17 -O0 -Wall -Wextra -Werror -Wno-psabi -Wno-unused-function)

compilers=("$CC")
for other in gcc clang; do
    at=$(command -v "$other") || continue
    [ "$at" -ef "$(command -v "$CC")" ] || compilers+=("$other")
done

check() { # config dtype act
    local source=variant.c name inline=-Dalways_inline=unused
    [[ $1 == isa=scalar,* ]] && inline=
    "$hone" emit --shape 65x63x257 --dtype "$2" --act "$3" --threads 1 --config "$1" --out "$source"
    name=$(sed -n '2s/ \* //p' "$source")
    for compiler in "${compilers[@]}"; do
        "$compiler" "${flags[@]}" $inline -c "$source" -o variant.o
        nm variant.o | grep " [DR] ${name}_variant$" >nm.out || { echo "$name is not defined with $compiler"; exit 1; }
    done
    echo "ok $name"
}

code_paths() { # hone
    "$1" devices --json | python3 -c '
import json, sys
print(*[d for d in json.load(sys.stdin) if d["name"] == "cpu"][0]["code_paths"])' 2>/dev/null
}

rest="copy=1,epi=l1,kc=384,mc=96,nc=64,inner=n,pf=0,gm=1,gn=1"
check_isa() { # isa, printed by $hone
    case $1 in
    scalar) check "isa=scalar,wtype=f32,mr=4,nr=4,form=fast,$rest" f32 relu ;;
    avx2)
        check "isa=avx2,wtype=f16,mr=6,nr=16,form=brief,$rest" f16 gelu_erf
        check "isa=avx2,wtype=s8,mr=4,nr=24,form=byte,$rest" s8 leaky_relu ;;
    avx512)
        check "isa=avx512,wtype=f32,mr=14,nr=32,form=high,$rest" f32 mish
        check "isa=avx512,wtype=f32,mr=4,nr=4,form=fast,$rest" f32 celu
        check "isa=avx512,wtype=f32,mr=8,nr=48,form=brief,$rest" bf16 silu ;;
    avx512vnni) check "isa=avx512vnni,wtype=s8,mr=14,nr=32,form=byte,$rest" s8 tanh ;;
    avx512bf16) check "isa=avx512bf16,wtype=bf16,mr=8,nr=32,form=brief,${rest/l1/beside}" bf16 gelu_tanh ;;
    avx512fp16) check "isa=avx512fp16,wtype=f16,mr=8,nr=48,form=brief,$rest" f16 softplus ;;
    avxvnni) check "isa=avxvnni,wtype=s8,mr=6,nr=16,form=byte,$rest" s8 hardswish ;;
    amxint8) check "isa=amxint8,wtype=s8,mr=32,nr=32,form=byte,$rest" s8 selu ;;
    amxuint8) check "isa=amxuint8,wtype=s8,mr=24,nr=16,form=byte,$rest" s8 elu ;;
    amxbf16) check "isa=amxbf16,wtype=bf16,mr=32,nr=32,form=brief,$rest" bf16 sigmoid ;;
    esac
}

for hone in "$HONE" ${HONE_EMULATED:+"$HONE_EMULATED"}; do
    for isa in $(code_paths "$hone" || echo scalar); do
        check_isa "$isa"
    done
done
