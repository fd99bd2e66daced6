# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by the tests of stalelibctl: each case is a line of TAP. Usage of a test: NAME.sh STALELIBCTL [PROGRAM…]

set -u
export LC_ALL=C.UTF-8
unset NO_COLOR SYSTEMD_PAGER PAGER COLUMNS DBUS_SYSTEM_BUS_ADDRESS

CTL=$(realpath "$1")
shift
CASES=0
WORK=$(mktemp -d)
PIDS=
trap 'for p in $PIDS; do kill "$p" 2>/dev/null; done; rm -rf "$WORK"' EXIT

# result NAME COMMAND…: the case holds when the command is true.
result() {
        local name=$1
        shift
        CASES=$((CASES + 1))
        if "$@"; then
                echo "ok $CASES - $name"
        else
                echo "not ok $CASES - $name"
                sed 's/^/# stdout: /' "$WORK/out"
                sed 's/^/# stderr: /' "$WORK/err"
                echo "# status: ${STATUS-}"
        fi
}

skip() {
        CASES=$((CASES + 1))
        echo "ok $CASES - $1 # SKIP $2"
}

finish() {
        echo "1..$CASES"
}

# run ARGUMENT…: stalelibctl with its output, errors and status kept.
run() {
        timeout 30 "$CTL" "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
        STATUS=$?
}

# run_as_nobody ARGUMENT…: from a copy, since the build directory may not be for everyone.
run_as_nobody() {
        cp -f "$CTL" "$WORK/ctl" && chmod 755 "$WORK" "$WORK/ctl"
        timeout 30 setpriv --reuid=65534 --regid=65534 --clear-groups "$WORK/ctl" "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
        STATUS=$?
}

# The expectations, for result().
answers() { # STATUS: that status, and no error
        [ "$STATUS" = "$1" ] && [ ! -s "$WORK/err" ]
}

exits() { # STATUS: that status, whatever is said
        [ "$STATUS" = "$1" ]
}

fails() { # STATUS PATTERN: that status, and one line of error that has the pattern
        [ "$STATUS" = "$1" ] && [ "$(wc -l <"$WORK/err")" = 1 ] && grep -q -- "$2" "$WORK/err"
}

says() { # PATTERN: on standard output
        grep -q -- "$1" "$WORK/out"
}

is_silent() {
        [ ! -s "$WORK/out" ]
}

# json EXPRESSION: true of standard output, which is one JSON value, called r. Python's.
json() {
        /usr/bin/env python3 -c 'import json, sys
r = json.load(open(sys.argv[1]))
sys.exit(not eval(sys.argv[2]))' "$WORK/out" "$1"
}

# await COMMAND…: until it is true, 10 s at most.
await() {
        local i
        for i in $(seq 200); do
                "$@" && return 0
                sleep 0.05
        done
        return 1
}
