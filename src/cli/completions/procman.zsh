#compdef procman
# Completion of procman for zsh, as `procman completions zsh` writes it.

_procman() {
    local -a whole open
    local line value about
    for line in "${(@f)$(procman __complete "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        value=${line%%$'\t'*}
        about=${line#*$'\t'}
        [[ -n $value ]] || continue
        [[ $line == *$'\t'* ]] || about=
        # `_describe` takes what is behind a colon for the description.
        line=${${value//\\/\\\\}//:/\\:}${about:+:$about}
        if [[ $value == *[=/] ]]; then open+=("$line"); else whole+=("$line"); fi
    done
    if (( $#whole + $#open )); then
        (( $#whole )) && _describe -V procman whole
        (( $#open )) && _describe -V procman open -S ''
    elif (( ${words[(I)--]} )); then
        # Arguments of a task may be files.
        _files
    fi
}

if [[ $funcstack[1] == _procman ]]; then
    _procman "$@"
else
    compdef _procman procman
fi
