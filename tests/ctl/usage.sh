#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the command line takes, and what it says of what it does not take.
. "$(dirname "$0")/lib.sh"
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent

run --help
cp "$WORK/out" "$WORK/help"
result "--help answers" answers 0
result "--help fits 80 columns" awk 'length > 80 { bad = 1 } END { exit bad }' "$WORK/out"
run -h
result "-h says the same as --help" cmp -s "$WORK/out" "$WORK/help"
run scan --help
result "--help behind a command says the same" cmp -s "$WORK/out" "$WORK/help"

run --version
result "--version answers" answers 0
result "--version says a version" says '^stalelibctl [0-9]'

run bogus
result "a command that there is not" fails 2 '"bogus" is no command'
run --bogus
result "an option that there is not" fails 2 '--bogus is no option'
run -Z
result "a letter that there is not" fails 2 '-Z is no option'
run --pid
result "an option without its value" fails 2 '--pid needs a value'
run --quiet=3
result "a value for an option that takes none" fails 2 'takes no value'
run scan extra
result "an argument too many" fails 2 'takes no further argument'
run explain
result "an argument too few" fails 2 'explain needs an argument'
run inspect
result "no file to inspect" fails 2 'inspect needs an argument'
run explain 1 /a /b
result "three arguments where two may be" fails 2 'takes no further argument'

for pid in 0 -1 1x '' 99999999999 ' 1'; do
        run scan "--pid=$pid"
        result "--pid=$pid is no process id" fails 2 'is no process id'
done
run explain nginx
result "explain wants a number" fails 2 '"nginx" is no process id'
for unit in '' a/b; do
        run scan "--unit=$unit"
        result "--unit=$unit is no unit" fails 2 'is no unit'
done
run scan --json=xml
result "a JSON mode that there is not" fails 2 'use short, pretty or off'
for time in x -1 5x; do
        run wait "--timeout=$time"
        result "--timeout=$time is no time" fails 2 'is no time span'
done
for watch in 0 x infinity 0.01; do
        run scan "--watch=$watch"
        result "--watch=$watch is refused" test "$STATUS" = 2
done
# What a command does not use it refuses.
refused() { # COMMAND OPTION…
        local command=$1 option
        shift
        for option; do
                run $command "$option"
                result "$command refuses $option" fails 2 "${command%% *} does not take ${option%%=*}"
        done
}
refused units --pid=1 --watch --timeout=1 --unknown
refused list --watch --timeout=1 --warning=1 --critical=1 --lines=1
refused scan --timeout=1 --warning=1 --lines=1 --directory=/
refused wait --check --watch --unknown --lines=1
refused status --pid=1 --unit=a --all --unknown --timeout=1
refused sweep --pid=1 --unit=a --all --unknown --timeout=1
refused monitor --check --allow-unknown --all --lines=1
refused history --check --allow-unknown --all --timeout=1
refused "explain 1" --pid=1 --unit=a --all --watch
refused "inspect /" --pid=1 --allow-unknown --all --timeout=1
run --watch
result "so does list where no command stands" fails 2 'list does not take --watch'
run units -p 1
result "also by its letter" fails 2 'units does not take --pid'
run scan -j --quiet --no-pager --no-legend --full --pid=$$
result "but what is about the output is for all" answers 0

# A plugin's statuses and letters are others, and a wrong command line is UNKNOWN.
plugin_fails() { # PATTERN
        [ "$STATUS" = 3 ] && [ ! -s "$WORK/err" ] && [ "$(wc -l <"$WORK/out")" = 1 ] && grep -q -- "^STALELIB UNKNOWN - .*$1" "$WORK/out"
}
for arguments in --foo -Z --warning=x '-w x' -c --critical --watch --check '-t x' extra --pid=0 --unit= --json=xml; do
        run check $arguments
        result "check $arguments is UNKNOWN" plugin_fails ''
done
run --foo check
result "also before the command" plugin_fails '--foo is no option'
run -w 1 check extra
result "behind a letter of a plugin's" plugin_fails 'takes no further argument'
for arguments in '-w 5 -c 9' '--warning=5 --critical 9'; do
        run check --pid=$$ $arguments
        result "check $arguments" says ' stale_processes=0;5;9;0 '
done
run check --pid=$$ -t 20
result "check takes a timeout" answers 0
run check -V
result "check -V says a version" says '^stalelibctl [0-9]'
result "and is UNKNOWN, as the guidelines for plugins have it" answers 3
run scan -V
result "-V is a letter of plugins only" fails 2 '-V is no option'
run scan -w 1
result "and -w that of --watch elsewhere" fails 2 'takes no further argument'

run history --lines=many
result "--lines=many is no number" fails 2 'is no number'

finish
