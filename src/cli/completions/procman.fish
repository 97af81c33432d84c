# Completion of procman for fish, as `procman completions fish` writes it.

function __procman_complete
    set -l before (commandline --current-process --tokenize --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor | string replace --regex --all '[\\\\\'"]' '')
    procman __complete $before "$current" 2>/dev/null
end

complete --command procman --erase
complete --command procman --no-files --keep-order --arguments '(__procman_complete)'
# Arguments of a task may be files.
complete --command procman --force-files --condition 'contains -- -- (commandline --current-process --tokenize --cut-at-cursor)'
