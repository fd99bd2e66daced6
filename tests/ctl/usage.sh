#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The command line: options, arguments, and errors in them.
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
result "unknown command" fails 2 "Unknown command 'bogus'"
run --bogus
result "unknown option" fails 2 "unrecognized option '--bogus'"
run -Z
result "unknown letter" fails 2 "unrecognized option '-Z'"
run --pid
result "option without its argument" fails 2 "option '--pid' requires an argument"
run -n
result "letter without its argument" fails 2 "option '-n' requires an argument"
run --quiet=3
result "argument to an option that takes none" fails 2 "option '--quiet' doesn't allow an argument"
run scan extra
result "one argument too many" fails 2 'takes no further argument'
run explain
result "no argument" fails 2 'explain needs an argument'
run inspect
result "no file to inspect" fails 2 'inspect needs an argument'
run explain 1 /a /b
result "three arguments" fails 2 'takes no further argument'

for pid in 0 -1 1x '' 99999999999 ' 1'; do
        run scan "--pid=$pid"
        result "--pid=$pid is invalid" fails 2 "Invalid PID '$pid'"
done
run explain nginx
result "explain takes a number" fails 2 "Invalid PID 'nginx'"
for unit in '' a/b; do
        run scan "--unit=$unit"
        result "--unit=$unit is invalid" fails 2 "Invalid unit name '$unit'"
done
run scan --json=xml
result "unknown JSON mode" fails 2 "Invalid argument 'xml' to --json: use short, pretty or off"
for time in x -1 5x; do
        run wait "--timeout=$time"
        result "--timeout=$time is invalid" fails 2 "Invalid argument '$time' to --timeout: not a time span"
done
for time in 0 '1min 30s' 500ms; do
        run monitor --timeout=0 "--timeout=$time" # the bus is not reachable
        result "--timeout=$time is a time span" test "$STATUS" = 4
done
for watch in 0 x infinity 0.01; do
        run scan "--watch=$watch"
        result "--watch=$watch is invalid" fails 2 "Invalid argument '$watch' to --watch"
done
# A command refuses options that it does not use.
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
result "list refuses it as the default command" fails 2 'list does not take --watch'
run units -p 1
result "a letter is refused as its option" fails 2 'units does not take --pid'
run scan -j --quiet --no-pager --no-legend --full --pid=$$
result "all commands take options on output" answers 0

# check has the letters and exit statuses of a Nagios plugin: a wrong command line is UNKNOWN.
plugin_fails() { # PATTERN
        [ "$STATUS" = 3 ] && [ ! -s "$WORK/err" ] && [ "$(wc -l <"$WORK/out")" = 1 ] && grep -q -- "^STALELIB UNKNOWN - .*$1" "$WORK/out"
}
for arguments in --foo -Z --warning=x '-w x' -c --critical --watch --check '-t x' extra --pid=0 --unit= --json=xml; do
        run check $arguments
        result "check $arguments is UNKNOWN" plugin_fails ''
done
run --foo check
result "also before the command" plugin_fails "unrecognized option '--foo'"
run -w 1 check extra
result "after a letter of check" plugin_fails 'takes no further argument'
for arguments in '-w 5 -c 9' '--warning=5 --critical 9'; do
        run check --pid=$$ $arguments
        result "check $arguments" says ' stale_processes=0;5;9;0 '
done
run check --pid=$$ -t 20
result "check takes a timeout" answers 0
run check -V
result "check -V says a version" says '^stalelibctl [0-9]'
result "and is UNKNOWN, as the guidelines for plugins demand" answers 3
run scan -V
result "-V is a letter of check only" fails 2 "unrecognized option '-V'"
run scan -w 1
result "-w is --watch with other commands" fails 2 'takes no further argument'

run history --lines=many
result "--lines=many is invalid" fails 2 "Invalid argument 'many' to --lines: not a number"

finish
