#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the command line takes, and what it says of what it does not take.
. "$(dirname "$0")/lib.sh"

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
for time in x -1 5y; do
        run wait "--timeout=$time"
        result "--timeout=$time is no time" fails 2 'is no time'
done
for watch in 0 x infinity 0.01; do
        run scan "--watch=$watch"
        result "--watch=$watch is refused" test "$STATUS" = 2
done
run history --lines=many
result "--lines=many is no number" fails 2 'is no number'

finish
