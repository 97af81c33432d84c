# Completion of procman for bash, as `procman completions bash` writes it.

_procman() {
    # bash takes words apart at the characters of COMP_WORDBREAKS, and names of tasks and jobs may have `:` and `=` in them.
    # What stands side by side without a blank is one word.
    local -a words=()
    local rest=${COMP_LINE:0:COMP_POINT} word i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 0)) && [[ -n $rest && $rest != [[:space:]]* ]]; then
            ((i < COMP_CWORD)) || word=$rest
            words[${#words[@]} - 1]+=$word
        else
            rest=${rest#"${rest%%[![:space:]]*}"}
            ((i < COMP_CWORD)) || word=$rest
            words+=("$word")
        fi
        rest=${rest#"$word"}
    done
    local raw=${words[${#words[@]} - 1]} behind=""
    # bash replaces only what is behind the last place at which it took the word apart.
    [[ $raw == *"$2" ]] && behind=${raw%"$2"}
    behind=${behind//[\"\'\\]/}

    local -a values=() abouts=()
    local value about width=0 quoted
    while IFS=$'\t' read -r value about; do
        value=${value#"$behind"}
        if [[ $raw != [\"\']* ]]; then
            printf -v quoted %q "$value"
            # A space of a name is not to be taken for the end of the word, and a `~` not for a folder.
            value=$quoted
        fi
        values+=("$value")
        abouts+=("$about")
        ((${#value} > width)) && width=${#value}
    done < <(procman __complete "${words[@]//[\"\'\\]/}" 2>/dev/null)

    COMPREPLY=("${values[@]}")
    if ((${#values[@]} == 0)); then
        # Arguments of a task may be files.
        [[ " ${words[*]} " == *" -- "* ]] && compopt -o default 2>/dev/null
    elif ((${#values[@]} == 1)); then
        [[ ${values[0]} == *[=/] ]] && compopt -o nospace 2>/dev/null
    elif ((COMP_TYPE != 37)); then
        # They are shown, and not put in: what they begin with alike ends with the shortest name.
        for i in "${!values[@]}"; do
            [[ -n ${abouts[i]} ]] || continue
            printf -v value '%-*s  (%s' "$width" "${values[i]}" "${abouts[i]}"
            COMPREPLY[i]="${value:0:${COLUMNS:-80} - 2})"
        done
    fi
}

complete -o nosort -F _procman procman 2>/dev/null || complete -F _procman procman
