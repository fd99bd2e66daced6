#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Colours, the pager, the width and progress: on a terminal only. Usage: terminal.sh STALELIBCTL SLEEPER OTHER HASTY-CLOCK
. "$(dirname "$0")/lib.sh"
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent TERM=xterm
LONG="$WORK/a-directory-with-a-name-that-is-rather-long/and-another-one-of-the-same-kind"
ESCAPE=$(printf '\033\\[')

mkdir -p "$LONG"
cp "$1" "$LONG/sleeper"
"$LONG/sleeper" >"$WORK/ready" &
PID=$!
PIDS="$PIDS $PID"
await test -s "$WORK/ready"
cp "$2" "$LONG/new" && mv "$LONG/new" "$LONG/sleeper"

# on_terminal ARGUMENT…: the same as run, with a terminal as standard output and error.
on_terminal() {
        timeout 30 script -qec "$(printf '%q ' "$CTL" "$@")" /dev/null </dev/null 2>"$WORK/err" | tr -d '\r' >"$WORK/out"
        STATUS=${PIPESTATUS[0]}
}

# fits COLUMNS: so do all lines, but those with a word that is too long itself.
fits() {
        python3 -c 'import sys
sys.exit(any(len(l) > int(sys.argv[2]) and max(map(len, l.split())) < int(sys.argv[2]) - 4 for l in open(sys.argv[1]).read().split("\n")))' "$WORK/out" "$1"
}

run scan --pid=$PID
result "no colours without a terminal" sh -c "! grep -q '$ESCAPE' '$WORK/out'"
result "nothing is cut without a terminal" says "$LONG/sleeper"

if ! command -v script >/dev/null; then
        skip "a terminal" "needs script(1)"
        finish
        exit 0
fi

export COLUMNS=80
on_terminal scan --pid=$PID --no-pager
result "colours on a terminal" says "$ESCAPE"
result "a path is cut at its front" says '…[^ ]*/sleeper$'
NO_COLOR=1 on_terminal scan --pid=$PID --no-pager
result "NO_COLOR is honoured" sh -c "! grep -q '$ESCAPE' '$WORK/out'"
result "lines fit the terminal" fits 80
COLUMNS=60 NO_COLOR=1 on_terminal scan --pid=$PID --no-pager
result "and a narrow one" fits 60
COLUMNS=60 NO_COLOR=1 on_terminal explain $PID --no-pager
result "an explanation fits, all but its paths" fits 60
NO_COLOR= on_terminal scan --pid=$PID --no-pager
result "an empty NO_COLOR is none" says "$ESCAPE"
TERM=dumb on_terminal scan --pid=$PID --no-pager
result "no colours on a dumb terminal" sh -c "! grep -q '$ESCAPE' '$WORK/out'"
NO_COLOR=1 on_terminal scan --pid=$PID --no-pager --full
result "--full cuts nothing" says "$LONG/sleeper"
LC_ALL=C NO_COLOR=1 on_terminal scan --pid=$PID --no-pager
result "three dots where the terminal has no UTF-8" says '\.\.\.[^ ]*/sleeper$'

cp "$1" "$LONG/new" && mv "$LONG/new" "$LONG/sleeper"
NO_COLOR=1 on_terminal scan --pid=$PID --no-pager --all
result "a state and its flag are whole" says ' replaced, same-content '
cp "$2" "$LONG/new" && mv "$LONG/new" "$LONG/sleeper"

PAGER='sed s/^/paged:/' on_terminal scan --pid=$PID
result "the pager gets the answer" says '^paged:'
PAGER='sed s/^/paged:/' on_terminal scan --pid=$PID --no-pager
result "--no-pager is honoured" sh -c "! grep -q paged: '$WORK/out'"
SYSTEMD_PAGER= PAGER='sed s/^/paged:/' on_terminal scan --pid=$PID
result "an empty SYSTEMD_PAGER is none" sh -c "! grep -q paged: '$WORK/out'"
PAGER='sed s/^/wrong:/' SYSTEMD_PAGER='sed s/^/paged:/' on_terminal scan --pid=$PID
result "SYSTEMD_PAGER comes first" says '^paged:'
PAGER="touch $WORK/pwned; cat" on_terminal scan --pid=$PID
result "no shell sees the pager's command" test ! -e "$WORK/pwned;" -o ! -e "$WORK/pwned"
PAGER=/nonexistent on_terminal scan --pid=$PID
result "a pager that cannot be started is none" says 'stale file'
PAGER='head -n 1' on_terminal scan --pid=$PID --check
result "a pager that is quit early changes no status" test "$STATUS" = 1
PAGER=env on_terminal scan --pid=$PID
result "less is not to cut what fits" says '^LESS=FRXMK$'
PAGER=env on_terminal scan --pid=$PID --full
result "but what is longer on request" says '^LESS=FRSXMK$'
LESS=F PAGER=env on_terminal scan --pid=$PID
result "LESS is honoured" says '^LESS=F$'
run scan --pid=$PID
PAGER='sed s/^/paged:/' run scan --pid=$PID
result "no pager without a terminal" sh -c "! grep -q paged: '$WORK/out'"

on_terminal scan --watch=0.1 --check --pid=$PID
result "a watch has the time and no pager" says '[0-9]*:[0-9][0-9]:[0-9][0-9], every 100 ms'
result "it begins with an empty screen" test "$(head -c 7 "$WORK/out")" = "$(printf '\033[H\033[2J')"
LD_PRELOAD=$3 NO_COLOR=1 on_terminal scan --pid=$PID --no-pager
result "a long look shows how far it is" says "Looking at process 1 of 1$(printf '\033')"
result "and leaves nothing of it behind" says "$(printf '\033')\\[K *PID COMMAND"
LD_PRELOAD=$3 on_terminal scan --pid=$PID --quiet
result "unless one does not want to see it" is_silent
on_terminal scan --pid=$PID --no-pager
result "a short one shows nothing" sh -c "! grep -q 'Looking at' '$WORK/out'"
on_terminal wait --timeout=1 --pid=$PID
result "one sees that it waits" says 'Waiting for 1 process with stale files, [0-9.]* m*s left'
result "and then what it waited for" says 'replaced'
on_terminal wait --timeout=1 --pid=$PID --quiet
result "unless one does not want to" is_silent

finish
