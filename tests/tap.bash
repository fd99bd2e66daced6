# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Assertions told as TAP, for all tests in shell that are more than a few lines. Whoever
# takes them sets T, a directory of the test's own, and may have a function `why` that
# shows more of a failure than what the command has printed.

tests=0 failed=0

skip_all() { echo "1..0 # SKIP $1"; exit 0; }

# need PROGRAM…: or nothing is tested. (command -v of several asks for one of them.)
need() {
        local program
        for program; do
                command -v "$program" >/dev/null || skip_all "needs $program"
        done
}

why() { tail -n 20 "$T/out"; }

# ok DESCRIPTION COMMAND…: the command succeeds.
ok() {
        local description=$1
        shift
        tests=$((tests + 1))
        if "$@" >"$T/out" 2>&1; then
                echo "ok $tests - $description"
        else
                failed=$((failed + 1))
                echo "not ok $tests - $description"
                why | cut -c1-300 | sed 's/^/# /'
        fi
}

not() { ! "$@"; }

# eventually SECONDS COMMAND…: it succeeds before that.
eventually() {
        local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
        shift
        until "$@"; do
                ((${EPOCHREALTIME/./} < end)) || return 1
                sleep 0.02
        done
}

finish() {
        echo "1..$tests"
        ((failed == 0))
        exit
}
