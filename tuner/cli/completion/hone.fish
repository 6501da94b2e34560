# Completion of hone(1) for fish. The command itself knows what there is: `hone complete`.

function __hone_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l candidates ($words[1] complete $words[2..-1] 2>/dev/null)
    # Of --db=fi the shell completes fi.
    set -l option (string match -r '^--[^=]*=' -- $words[-1])
    set -l path (string replace -r '^--[^=]*=' '' -- $words[-1])
    switch "$candidates[1]"
        case :files
            printf '%s\n' "$option"(__fish_complete_path "$path")
        case :folders
            printf '%s\n' "$option"(__fish_complete_directories "$path")
        case '*'
            printf '%s\n' $candidates
    end
end
complete -c hone -f -a '(__hone_complete)'
