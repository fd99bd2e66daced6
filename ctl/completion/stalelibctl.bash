# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of stalelibctl(1) for bash.

# Values come from what is running: processes with findings, and the units of all processes.
__stalelibctl_pids() {
        local pids
        pids=$(timeout 3 stalelibctl list --no-legend --no-pager --json=short 2>/dev/null |
                grep -o '"pid":[0-9]*' | sort -u | cut -d: -f2)
        [[ $pids ]] || pids=$(cd /proc && printf '%s\n' [0-9]*)
        echo "$pids"
}

__stalelibctl_units() {
        cat /proc/[0-9]*/cgroup 2>/dev/null |
                grep -oE '[^/]+\.(service|scope|slice|socket|mount|swap)' | sort -u
}

# The stale files of a process.
__stalelibctl_paths() {
        timeout 3 stalelibctl scan --pid="$1" --json=short 2>/dev/null |
                grep -oE '"path":"[^"\\ ]*"' | cut -d'"' -f4 | sort -u
}

_stalelibctl() {
        local verbs='check explain history inspect list monitor scan status sweep units wait'
        local options='--all --allow-unknown --check --critical= --directory= --full --help --json= --lines=
                --no-legend --no-pager --pid= --quiet --timeout= --unit= --unknown --version --warning= --watch
                --watch= -D -h -j -l -n -p -q -u -w'
        local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} word verb='' first='' i

        # bash splits --option=value into three words.
        if [[ $cur == = ]]; then
                cur='' prev+==
        elif [[ $prev == = ]]; then
                prev=${COMP_WORDS[COMP_CWORD - 2]}=
        fi
        COMPREPLY=()

        case $prev in
        --pid | --pid= | -p)
                mapfile -t COMPREPLY < <(compgen -W "$(__stalelibctl_pids)" -- "$cur")
                return
                ;;
        --unit | --unit= | -u)
                mapfile -t COMPREPLY < <(compgen -W "$(__stalelibctl_units)" -- "$cur")
                return
                ;;
        --json | --json=)
                mapfile -t COMPREPLY < <(compgen -W 'short pretty off' -- "$cur")
                return
                ;;
        --directory | --directory= | -D)
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen -d -- "$cur")
                return
                ;;
        --timeout | --timeout= | --watch= | --lines | --lines= | -n | --warning | --warning= | --critical | --critical=)
                return
                ;;
        esac

        for ((i = 1; i < COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                case $word in
                -p | -u | -D | -n) ((i++)) ;;
                --pid | --unit | --json | --directory | --timeout | --lines | --warning | --critical | --watch)
                        if [[ ${COMP_WORDS[i + 1]-} == = ]]; then
                                ((i += 2))
                        elif [[ $word != --watch ]]; then
                                ((i++))
                        fi
                        ;;
                -*) ;;
                *)
                        if [[ ! $verb ]]; then
                                verb=$word
                        elif [[ ! $first ]]; then
                                first=$word
                        fi
                        ;;
                esac
        done

        if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
                [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
        elif [[ ! $verb ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur")
        elif [[ $verb == inspect ]]; then
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        elif [[ $verb == explain && ! $first ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$(__stalelibctl_pids)" -- "$cur")
        elif [[ $verb == explain ]]; then
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen -W "$(__stalelibctl_paths "$first")" -- "$cur")
        fi
}

complete -F _stalelibctl stalelibctl
