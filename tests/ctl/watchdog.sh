#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Processes that block their reader are skipped. Usage: watchdog.sh STALELIBCTL SLEEPER HANGING-MAPS
. "$(dirname "$0")/lib.sh"
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent

cp "$1" "$WORK/sleeper"
"$WORK/sleeper" >"$WORK/ready" &
PID=$!
PIDS=$PID
await test -s "$WORK/ready"

# run_hanging ARGUMENT…: as run, where the maps of $PID block.
run_hanging() {
        HANGING_PID=$PID LD_PRELOAD=$HANGING run "$@"
}
HANGING=$2

run_hanging scan --pid=$PID --pid=$$ --json=short
result "process is skipped" fails 0 "Timed out reading process $PID, skipping"
result "other processes are examined" json 'r["sweep"]["processes"] == 2 and r["sweep"]["unreadable"] == 1'
result "reason is hung" json "[(u['pid'], u['path'], u['reason']) for u in r['unknown']] == [($PID, None, 'hung')]"
run_hanging check --pid=$PID -t 1
result "check times out" says '^STALELIB UNKNOWN - timed out after 1.0 s$'
result "with UNKNOWN" exits 3

finish
