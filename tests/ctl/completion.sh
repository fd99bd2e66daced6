#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What bash and zsh offer after the words of a command line. Usage: completion.sh STALELIBCTL SLEEPER COMPLETION
. "$(dirname "$0")/lib.sh"
SLEEPER=$1
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent
. "$2"

mkdir "$WORK/bin" "$WORK/dir"
ln -s "$CTL" "$WORK/bin/stalelibctl"
PATH=$WORK/bin:$PATH

# offers WORD…: the last word is the one that is being typed; what is offered goes to $WORK/out.
offers() {
        COMP_WORDS=(stalelibctl "$@")
        COMP_CWORD=$(($#))
        _stalelibctl 2>"$WORK/err"
        printf '%s\n' "${COMPREPLY[@]}" >"$WORK/out"
}

is_offered() {
        local word
        for word; do
                grep -qxF -- "$word" "$WORK/out" || return 1
        done
}

# The long options in --help, which is made of the table that parses them.
options() {
        "$CTL" --help | grep -oE '^ +(-[a-zA-Z] )? *--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u
}

is_all() {
        [ "$(tr '\n' ' ' <"$WORK/out")" = "$* " ]
}

offers ''
result "all commands" is_all check explain history inspect list monitor scan status sweep units wait
offers s
result "commands that begin so" is_all scan status sweep
offers --no-pager st
result "a command behind an option" is_all status
offers --json = short li
result "a command behind an option with a value" is_all list
offers -p 1 li
result "a command behind a letter with a value" is_all list
offers scan --j
result "options anywhere" is_all --json=
offers scan -
result "all options" test "$(grep -o '^--[a-z-]*' "$WORK/out" | sort -u)" = "$(options)"
result "all letters" test "$(grep -o '^-[a-zA-Z]$' "$WORK/out" | sort)" = "$("$CTL" --help | grep -oE '^  -[a-zA-Z] ' | tr -d ' ' | sort)"
offers scan --json = ''
result "values of an option" is_all short pretty off
offers scan --json = p
result "values that begin so" is_all pretty
offers scan --json =
result "values right behind the sign" is_all short pretty off
offers scan --pid = "$$"
result "pids, where no daemon says which" is_offered $$
offers explain "$$"
result "pids to explain" is_offered $$
offers wait --timeout = ''
result "no guess where any number will do" is_all ''
offers scan ''
result "nothing where nothing belongs" is_all ''
touch "$WORK/dir/plugin.so"
offers inspect "$WORK/dir/pl"
result "files to inspect" is_all "$WORK/dir/plugin.so"
offers inspect "$WORK/dir/plugin.so" "$WORK/dir/pl"
result "more files to inspect" is_all "$WORK/dir/plugin.so"
offers history -D "$WORK/di"
result "directories" is_all "$WORK/dir"
if grep -qE '\.(service|scope)' /proc/self/cgroup; then
        UNIT=$(grep -oE '[^/]+\.(service|scope)' /proc/self/cgroup | tail -n 1)
        offers scan --unit = "${UNIT%.*}"
        result "units" is_offered "$UNIT"
else
        offers scan --unit = no-such
        result "no unit that there is not" is_all ''
fi

cp "$SLEEPER" "$WORK/sleeper"
"$WORK/sleeper" >"$WORK/ready" &
PID=$!
PIDS=$PID
await test -s "$WORK/ready"
cp "$SLEEPER" "$WORK/new" && echo >>"$WORK/new" && mv "$WORK/new" "$WORK/sleeper"
offers explain $PID ''
result "stale files of a process" is_all "$WORK/sleeper"

# The same of zsh, as it is typed at its terminal.

if ! command -v zsh >/dev/null; then
        skip "zsh offers the same" "needs zsh"
        finish
        exit
fi
HERE=$(realpath "$(dirname "$0")")
COMPLETIONS=$(realpath "$(dirname "$2")")

# zsh_offers LINE: as offers.
zsh_offers() {
        (cd "$WORK" && timeout 30 zsh -f "$HERE/offers.zsh" "$COMPLETIONS" "stalelibctl $1") >"$WORK/out" 2>"$WORK/err"
}

zsh_offers ''
result "zsh: all commands" is_all check explain history inspect list monitor scan status sweep units wait
zsh_offers s
result "zsh: commands that begin so" is_all scan status sweep
zsh_offers '--no-pager st'
result "zsh: a command behind an option" is_all status
zsh_offers '--json=short li'
result "zsh: a command behind an option with a value" is_all list
zsh_offers '-p 1 li'
result "zsh: a command behind a letter with a value" is_all list
zsh_offers 'scan --j'
result "zsh: options anywhere" is_all --json
zsh_offers 'scan -'
result "zsh: all options" test "$(grep -o '^--.*' "$WORK/out")" = "$(options)"
zsh_offers 'scan --json='
result "zsh: values of an option" is_all off pretty short
zsh_offers 'scan --json=p'
result "zsh: values that begin so" is_all pretty
zsh_offers "scan --pid=$$"
result "zsh: pids, where no daemon says which" is_offered $$
zsh_offers "explain $$"
result "zsh: pids to explain" is_offered $$
zsh_offers "-q explain $$"
result "zsh: also behind an option" is_offered $$
zsh_offers 'wait --timeout='
result "zsh: no guess where any number will do" is_silent
zsh_offers 'scan '
result "zsh: nothing where nothing belongs" is_silent
zsh_offers 'inspect dir/pl'
result "zsh: files to inspect" is_all plugin.so
zsh_offers 'inspect dir/plugin.so dir/pl'
result "zsh: more files to inspect" is_all plugin.so
zsh_offers 'history -D di'
result "zsh: directories" is_all dir
if [ "${UNIT-}" ]; then
        zsh_offers "scan --unit=${UNIT%.*}"
        result "zsh: units" is_offered "$UNIT"
else
        zsh_offers 'scan --unit=no-such'
        result "zsh: no unit that there is not" is_silent
fi
zsh_offers "explain $PID "
result "zsh: stale files of a process" is_all "$WORK/sleeper"

finish
