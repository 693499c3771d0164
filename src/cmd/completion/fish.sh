# fish completion for awaitd. SPDX-License-Identifier: Apache-2.0
# awaitd itself knows its words: this asks it.

function __awaitd_complete
    set -l tokens (commandline -opc)
    set -l last (commandline -ct | string replace -r '^[\'"]' '' | string replace -a '\\' '')
    set -l lines ($tokens[1] __complete $tokens[2..-1] "$last" 2>/dev/null)
    set -l head (string match -r -- '^--[^=]+=' "$last")
    set -l rest (string replace -r -- '^--[^=]+=' '' "$last")
    switch "$lines[1]"
        case files
            for file in (__fish_complete_path "$rest")
                echo -- "$head$file"
            end
        case folders
            for file in (__fish_complete_directories "$rest")
                echo -- "$head$file"
            end
        case '*'
            printf '%s\n' $lines[2..-1]
    end
end

complete -c awaitd -f -k -a '(__awaitd_complete)'
