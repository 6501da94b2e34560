# Kernels under oclgrind: races, and reads and writes out of bounds, in both families, every data type, split K, operands
# copied and in place. There matrices are copied to buffers of their exact sizes.
set -eu
if ! command -v oclgrind >/dev/null; then
    echo "skipped: oclgrind is not installed"
    exit 77
fi
if nm "$HONE" 2>/dev/null | grep -c __asan_init >/dev/null; then
    echo "skipped: AddressSanitizer and oclgrind both want to be the first library of a process"
    exit 77
fi
local=family=local,bk=8,lx=4,ly=4,mr=2,nv=2,vec=2,tm=1,ku=1
tile=family=tile,bk=0,stages=1,pad=0

# dtype, options, config
while read -r dtype options config; do
    if ! oclgrind --data-races "$HONE" verify --device opencl --shape 19x37x33 --act gelu_tanh,prelu --dtype "$dtype" \
        ${options//,/ } --config "$config" >out.txt 2>err.txt; then
        echo "$dtype $options $config: not verified"
        cat out.txt err.txt
        exit 1
    fi
    if grep -E -i 'race|invalid|error' err.txt; then
        echo "$dtype $options $config: oclgrind has found something"
        cat err.txt
        exit 1
    fi
done <<EOF
f32 --seed=1 $local,stages=1,pad=0,epi=reg
f32 --weights=plain $local,stages=2,pad=1,copy=0,pack=0,epi=reg
f32 --nobias $tile,ku=1,mr=3,nv=2,lx=4,ly=2,vec=2,copy=0,tm=2
f16 --transposed $local,stages=2,pad=0,epi=reg,wtype=f16
f16 --weights=plain $tile,mr=2,nv=1,lx=2,ly=2,vec=4,ku=1,pack=0,wtype=f16
bf16 --seed=2 $tile,ku=1,mr=4,nv=1,lx=2,ly=1,vec=4,wtype=bf16,copy=0
s8 --rowscale,--a-type=u8 $local,stages=1,pad=4,epi=reg,wtype=f32
s8 --weights=plain,--transposed,--out-type=u8 $tile,ku=1,mr=2,nv=2,lx=2,ly=2,vec=2,wtype=s8
EOF
