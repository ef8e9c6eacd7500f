# Completions of trapline for fish: options, their values, the command, and the command's own words.

# What is typed of a value.
function __trapline_value
    string replace -r -- '^(--[^=]*=|-[a-zA-Z](?=.))' '' (commandline -ct)
end

# Offers items of a list, behind those that are typed.
function __trapline_list
    set -l before (string match -r -- '^(?:.*[,=])?[!?]*' (__trapline_value))
    printf '%s\n' "$before"$argv
end

function __trapline_calls
    set -l value (__trapline_value)
    if string match -qr -- '@[^,]*$' $value
        printf '%s\n' (string replace -r -- '@[^,]*$' '@' $value){64,32,x32}
        return
    end
    __trapline_list @calls@
end

function __trapline_signals
    __trapline_list @signals@ all none
end

function __trapline_injection
    set -l value (__trapline_value)
    if not string match -q -- '*:*' $value
        __trapline_calls
        return
    end
    set -l before (string replace -r -- '[^:]*$' '' $value)
    switch (string replace -r -- '^.*:' '' $value)
        case 'error=*'
            printf '%s\n' "$before"error={@errors,@}
        case 'signal=*'
            printf '%s\n' "$before"signal={@signals,@}
        case 'syscall=*'
            printf '%s\n' "$before"syscall={@harmless,@}
        case '*'
            printf '%s\n' "$before"{@items,@}
    end
end

function __trapline_expression
    set -l value (__trapline_value)
    switch $value
@keys@
        case '*'
            printf '%s\n' {@keywords,@}=
            __trapline_calls
    end
end

# The words of the line from the command on; nothing while they are options and their values.
function __trapline_command
    set -l words (commandline -opc) (commandline -ct)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case --
                set -e words[1]
                break
            case '--*=*'
            case '--*'
                contains -- $words[1] @long_with_value@; and set -e words[1]
            case '-?*'
                string match -qr -- '^-[^@short_with_value@]*[@short_with_value@]$' $words[1]; and set -e words[1]
            case '*'
                break
        end
        set -e words[1]
    end
    # A value that is not typed yet is no command.
    set -q words[1]; and printf '%s\n' $words
end

function __trapline_is_command
    test (count (__trapline_command)) -gt 0; and not string match -q -- '-*' (__trapline_command)[1]
end

function __trapline_subcommand
    set -l words (__trapline_command)
    complete -C "$words"
end

complete -c @program@ -f
complete -c @program@ -n __trapline_is_command -x -a '(__trapline_subcommand)'
@options@
