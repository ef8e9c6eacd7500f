# Completions of trapline for bash: options, their values, the command, and the command's own words.

_trapline_calls='@calls@'
_trapline_signals='@signals@'
_trapline_errors='@errors@'

# What follows an option: sets kind, required and, for words, list. The kind is empty where nothing does.
_trapline_kind() {
    local name option=$1
    kind='' required='' list=''
    if [[ $option == --?* && " @longs@ " != *" $option "* ]]; then
        # An abbreviation.
        for name in @longs@; do
            [[ $name == "$option"* ]] && { option=$name; break; }
        done
    fi
    case $option in
@options@
    esac
}

# The same for what stands before = behind -e.
_trapline_key() {
    case $1 in
@keys@
        *) kind=''; return 1 ;;
    esac
}

# Sets words to those of the line up to the cursor, with = and : inside them, and starts to where they begin in COMP_WORDS.
_trapline_join() {
    local line=$COMP_LINE i word blanks
    words=() starts=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        blanks=${line%%[![:blank:]]*}
        line=${line#"$blanks"}
        if ((i == 0)) || [[ $blanks ]]; then
            words+=("$word")
            starts+=("$i")
        else
            words[${#words[@]} - 1]+=$word
        fi
        line=${line#"$word"}
    done
}

# Splits value into before, which stays, and item, the last of a list, which is to be completed.
_trapline_item() {
    before='' item=$value
    if [[ $item == *,* ]]; then
        before=${item%,*},
        item=${item##*,}
    fi
    while [[ $item == ['!?']* ]]; do
        before+=${item:0:1}
        item=${item:1}
    done
}

# Offers words for the last item of a list.
_trapline_list() {
    local before item
    _trapline_item
    COMPREPLY+=($(compgen -P "$head$before" -W "$1" -- "$item"))
    compopt -o nospace 2>/dev/null
}

_trapline_set_of_calls() {
    local before item
    _trapline_item
    if [[ $item == *@* ]]; then
        COMPREPLY+=($(compgen -P "$head$before${item%@*}@" -W '64 32 x32' -- "${item##*@}"))
        compopt -o nospace 2>/dev/null
    else
        _trapline_list "$_trapline_calls"
    fi
}

_trapline_injection() {
    if [[ $value != *:* ]]; then
        _trapline_set_of_calls
        return
    fi
    head+=${value%:*}:
    value=${value##*:}
    case $value in
        error=*) COMPREPLY+=($(compgen -P "${head}error=" -W "$_trapline_errors" -- "${value#*=}")) ;;
        signal=*) COMPREPLY+=($(compgen -P "${head}signal=" -W "$_trapline_signals" -- "${value#*=}")) ;;
        syscall=*) COMPREPLY+=($(compgen -P "${head}syscall=" -W '@harmless@' -- "${value#*=}")) ;;
        *=*) ;;
        *) COMPREPLY+=($(compgen -P "$head" -W '@items@' -- "$value")) ;;
    esac
    compopt -o nospace 2>/dev/null
}

# Processes, and while there are several their names, too.
_trapline_pids() {
    local before item entry pid name
    _trapline_item
    for entry in /proc/[0-9]*; do
        pid=${entry#/proc/}
        [[ $pid == "$item"* ]] || continue
        # Threads of the kernel have no command line.
        { IFS= read -r -d '' name < "$entry/cmdline" && read -r name < "$entry/comm"; } 2>/dev/null || continue
        COMPREPLY+=("$head$before$pid ($name)")
    done
    ((${#COMPREPLY[@]} != 1)) || COMPREPLY=("${COMPREPLY[0]%% (*}")
}

# Completes value, of which head is the part of the word that stays.
_trapline_value() {
    local files
    case $kind in
        word) COMPREPLY+=($(compgen -P "$head" -W "$list" -- "$value")) ;;
        words) _trapline_list "$list all none" ;;
        calls) _trapline_set_of_calls ;;
        injection) _trapline_injection ;;
        signals) _trapline_list "$_trapline_signals all none" ;;
        descriptors) _trapline_list '0 1 2 all none' ;;
        pids) _trapline_pids ;;
        user) COMPREPLY+=($(compgen -P "$head" -u -- "$value")) ;;
        variable)
            COMPREPLY+=($(compgen -P "$head" -S = -e -- "$value"))
            compopt -o nospace 2>/dev/null
            ;;
        expression)
            if [[ $value == *=* ]] && _trapline_key "${value%%=*}"; then
                head+=${value%%=*}=
                value=${value#*=}
                _trapline_value
            else
                COMPREPLY+=($(compgen -P "$head" -S = -W '@keywords@' -- "$value"))
                _trapline_set_of_calls
            fi
            ;;
        path)
            if [[ $value == [\|!]* ]]; then
                COMPREPLY+=($(compgen -P "$head${value:0:1}" -c -- "${value:1}"))
                return
            fi
            local IFS=$'\n'
            files=($(compgen -f -- "$value"))
            compopt -o filenames 2>/dev/null
            COMPREPLY+=("${files[@]/#/$head}")
            ;;
    esac
}

# Offers options.
_trapline_options() {
    COMPREPLY+=($(compgen -W '@shorts@ @longs@' -- "$cur"))
    [[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace 2>/dev/null
}

_trapline() {
    local words starts cur word option='' prog='' kind required list head='' value i j last
    COMPREPLY=()
    _trapline_join
    last=$((${#words[@]} - 1))
    cur=${words[last]}
    for ((i = 1; i < last; i++)); do
        word=${words[i]} option=''
        case $word in
            --) prog=$((i + 1)); break ;;
            --*=*) ;;
            --*) option=$word ;;
            -?*)
                # The first letter that takes a value ends them.
                for ((j = 1; j < ${#word}; j++)); do
                    _trapline_kind "-${word:j:1}"
                    [[ $required ]] || continue
                    ((j + 1 < ${#word})) || option=-${word:j:1}
                    break
                done
                ;;
            *) prog=$i; break ;;
        esac
        [[ $option ]] || continue
        _trapline_kind "$option"
        # The value is the next word.
        if [[ $required ]]; then ((i++)); else option=''; fi
    done
    if [[ $option ]] && ((i > last)) && [[ ! $prog ]]; then
        value=$cur
        [[ $value != [\'\"]* ]] || { value=${value:1} head=''; local quoted=1; }
        _trapline_kind "$option"
        _trapline_value
    elif [[ ! $prog && $cur == --*=* ]]; then
        head=${cur%%=*}= value=${cur#*=}
        _trapline_kind "${cur%%=*}"
        _trapline_value
    elif [[ ! $prog && $cur == -* ]]; then
        for ((j = 1; j < ${#cur} - 1; j++)); do
            [[ $cur == --* ]] && break
            _trapline_kind "-${cur:j:1}"
            if [[ $required ]]; then
                head=${cur:0:j + 1} value=${cur:j + 1}
                _trapline_value
                break
            fi
        done
        [[ $head ]] || _trapline_options
    else
        # The command and what belongs to it.
        i=${starts[${prog:-$last}]}
        if declare -F _comp_command_offset >/dev/null; then
            _comp_command_offset "$i"
        elif declare -F _command_offset >/dev/null; then
            _command_offset "$i"
        elif ((i == COMP_CWORD)); then
            COMPREPLY=($(compgen -c -- "$cur"))
        else
            compopt -o default 2>/dev/null
        fi
        return
    fi
    # Readline replaces only what follows the last of these.
    local breaks='' strip
    for word in = : @; do
        [[ $COMP_WORDBREAKS != *$word* ]] || breaks+=$word
    done
    if [[ $breaks && ! ${quoted-} && $cur == *["$breaks"]* ]]; then
        strip=${cur%"${cur##*["$breaks"]}"}
        COMPREPLY=("${COMPREPLY[@]#"$strip"}")
    fi
}

complete -F _trapline @program@
