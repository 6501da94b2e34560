# Completion of hone(1) for bash. The command itself knows what there is: `hone complete`.

_hone() {
    local words=() word end='' candidate how
    # Readline breaks words at '=' and ':' too, which are parts of hone's.
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ ${#words[@]} -gt 0 && ($word == [=:]* || $end == [=:]) ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
        end=${word: -1}
    done
    # Readline replaces the last part only; what stands before it is not to be repeated.
    local typed=${COMP_WORDS[COMP_CWORD]}
    [[ $typed == [=:] ]] && typed=''
    local before=${words[-1]%"$typed"}

    COMPREPLY=()
    while IFS= read -r candidate; do
        case $candidate in
        :files | :folders)
            [[ $candidate == :files ]] && how=-f || how=-d
            compopt -o filenames 2>/dev/null
            while IFS= read -r candidate; do
                COMPREPLY+=("$candidate")
            done < <(compgen "$how" -- "$typed")
            ;;
        *) COMPREPLY+=("${candidate#"$before"}") ;;
        esac
    done < <("${1/#\~/$HOME}" complete "${words[@]}" 2>/dev/null)
}
complete -F _hone hone
