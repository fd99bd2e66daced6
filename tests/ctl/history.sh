#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# history, from journal files made up here. Usage: history.sh STALELIBCTL
. "$(dirname "$0")/lib.sh"
REMOTE=/lib/systemd/systemd-journal-remote
if [ ! -x $REMOTE ]; then
        echo "1..0 # SKIP needs systemd-journal-remote"
        exit 0
fi

ADDED=0ccceb29c7f74a278b084f8cbb6a1bb8
REMOVED=6815417cc68748459cf4a22c6772bc57
DEGRADED=205fcb8fc2f94b79aea147c95a8f22ea

# entry SECONDS HOST UNIT-THAT-WROTE ID MESSAGE FIELD…: in the export format of the journal.
entry() {
        printf '__REALTIME_TIMESTAMP=%d000000\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=00000000000000000000000000000001\n' "$1" "$1"
        printf '_HOSTNAME=%s\n_SYSTEMD_UNIT=%s\nMESSAGE_ID=%s\nMESSAGE=%s\nPRIORITY=4\n' "$2" "$3" "$4" "$5"
        shift 5
        [ $# = 0 ] || printf '%s\n' "$@"
        echo
}

mkdir "$WORK/journal"
{
        entry 1795755600 alpha stalelibd.service $ADDED 'nginx (7) still runs the old /a\x0ab.so' \
                STALELIB_PID=7 STALELIB_UNIT=nginx.service STALELIB_HOLDER=/one STALELIB_HOLDER=/two 'STALELIB_PATH=/a\x0ab.so'
        entry 1795755601 alpha cron.service $ADDED 'forged by somebody'
        entry 1795755602 alpha stalelibd.service 11111111111111111111111111111111 'something else'
        entry 1795755603 beta stalelibd.service $ADDED 'httpd (8) still runs the old /c.so' \
                STALELIB_PID=8 STALELIB_UNIT=httpd.service
        entry 1795755604 beta stalelibd.service $DEGRADED 'Not everything can be examined: why'
        entry 1795755605 alpha stalelibd.service $REMOVED 'nginx (7) no longer runs the old /a\x0ab.so' \
                STALELIB_PID=7 STALELIB_UNIT=nginx.service STALELIB_REASON=exited
} | $REMOTE -o "$WORK/journal/all.journal" - >"$WORK/out" 2>"$WORK/err" || echo "Bail out! no journal"

export TZ=UTC
run history -D "$WORK/journal"
result "what the daemon wrote is shown" answers 0
result "in order, with time, host, mark and message" says '^2026-11-27 05:00:00 alpha + nginx (7) still runs the old /a\\x0ab.so$'
result "what goes as well" says '^2026-11-27 05:00:05 alpha - nginx (7) no longer runs'
result "and what cannot be looked at" says '^2026-11-27 05:00:04 beta ! Not everything'
result "nothing else of the daemon, and nothing forged" test "$(wc -l <"$WORK/out")" = 4
run history -D "$WORK/journal" --lines=2
result "the last of them" test "$(cut -d' ' -f2 "$WORK/out" | tr '\n' ' ')" = "05:00:04 05:00:05 "
run history -D "$WORK/journal" --unit=nginx
result "those of a unit" test "$(cut -d' ' -f2 "$WORK/out" | tr '\n' ' ')" = "05:00:00 05:00:05 "
run history -D "$WORK/journal" --unit=nginx -n 1
result "the last of a unit" test "$(cut -d' ' -f2 "$WORK/out" | tr '\n' ' ')" = "05:00:05 "
run history -D "$WORK/journal" --pid=8
result "those of a process" test "$(cut -d' ' -f2 "$WORK/out" | tr '\n' ' ')" = "05:00:03 "
run history -D "$WORK/journal" --lines=0 --json=short
result "an object a line as JSON" test "$(wc -l <"$WORK/out")" = 4
head -n 1 "$WORK/out" >"$WORK/first" && mv "$WORK/first" "$WORK/out"
result "with all of it" json 'r["time"] == "2026-11-27T05:00:00.000000Z" and r["host"] == "alpha" and r["event"] == "finding-added" and r["priority"] == 4'
result "the message as it was written" json 'r["message"] == "nginx (7) still runs the old /a\\x0ab.so"'
result "with its fields, more than one of a name as a list" json 'r["fields"] == {"STALELIB_PID": "7", "STALELIB_UNIT": "nginx.service", "STALELIB_HOLDER": ["/one", "/two"], "STALELIB_PATH": "/a\\x0ab.so"} or sorted(r["fields"]["STALELIB_HOLDER"]) == ["/one", "/two"]'
run history -D "$WORK/journal" --unit=no-such
result "a selection that no entry is of is an error" fails 3 'No entry is of such a process or unit'
result "that is said" says 'holds no such entry'
run history -D /no/such
result "a directory that there is not" fails 3 'Cannot read the journal in /no/such: No such file'

finish
