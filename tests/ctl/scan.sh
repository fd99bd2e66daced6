#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# scan, explain, wait and check without a daemon, over a process whose program is replaced.
# Usage: scan.sh STALELIBCTL SLEEPER OTHER
. "$(dirname "$0")/lib.sh"
SLEEPER=$1
OTHER=$2
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent

# start NAME: a process of a program of its own; its pid in $PID.
start() {
        cp "$SLEEPER" "$WORK/$1"
        : >"$WORK/ready"
        "$WORK/$1" >"$WORK/ready" &
        PID=$!
        PIDS="$PIDS $PID"
        await test -s "$WORK/ready" || echo "Bail out! the sleeper did not start"
}

replace() {
        cp "$OTHER" "$WORK/$1.new"
        mv "$WORK/$1.new" "$WORK/$1"
}

start "sleep er"
run scan --pid=$PID
result "nothing is stale" answers 0
result "and it says so" says '^Nothing is stale; 1 process with'
run scan --pid=$PID --check
result "--check agrees" answers 0
run scan --pid=$PID --json=short
result "the report is one line" test "$(wc -l <"$WORK/out")" = 1
result "the report is valid and empty" json 'r["version"] == 1 and r["findings"] == [] and r["sweep"]["processes"] == 1'
run explain $PID
result "explain says that nothing is stale" says 'runs nothing stale'
run wait --pid=$PID --timeout=0
result "wait is over at once" answers 0
run check --pid=$PID
result "check says OK" answers 0
result "with performance data" says '^STALELIB OK - nothing is stale | stale_processes=0;1;;0 .* unknown=0;;;0 '

replace "sleep er"
run scan --pid=$PID
result "a replaced program is an answer" answers 0
result "in the table" says "^ *$PID sleep er  *replaced.* executable .*sleep er$"
result "with its sum" says '^1 stale file in 1 process; 1 process'
run scan --pid=$PID --no-legend
result "--no-legend leaves rows" test "$(wc -l <"$WORK/out")" = 1
run scan --pid=$PID --check --quiet
result "--check exits with 1" answers 1
result "--quiet shows nothing" is_silent
run scan --pid=$PID --json=pretty
result "the report holds it" json "[(f['pid'], f['state'], f['path'], [p['reason'] for p in f['pins']]) for f in r['findings']] == [($PID, 'replaced', '$WORK/sleep er', ['executable'])]"
result "every member of the contract is there" json "set(r['findings'][0]) >= set('pid start_time comm exe uid unit user_unit container path state flags mapped disk successor pins runtimes action advice message'.split())"
result "and those of the sweep" json "set(r['sweep']) >= set('started duration_us processes unreadable unreadable_pids mappings files unknown'.split())"
run scan --pid=$PID --pid=$PID -j
result "the same process twice counts once" json 'r["sweep"]["processes"] == 1 and len(r["findings"]) == 1'

run explain $PID
result "explain answers" answers 0
result "explain names the state" says "sleep er: replaced"
result "explain names the pin and its certainty" says 'executable (certain):'
run explain $PID "$WORK/sleep er"
result "explain takes a path" says "sleep er: replaced"
run explain $PID "sleep er"
result "explain takes the last component of one" says "sleep er: replaced"
LIBC=$(grep -o '/[^ ]*/libc[.-][^ ]*so[^ ]*' /proc/$PID/maps | head -n 1)
run explain $PID "$LIBC"
result "explain says that another file is not stale" says "runs no stale $LIBC; of other stale files it runs 1"
run explain $PID "$LIBC" --check
result "which is its answer with --check" answers 0
run explain $PID --check
result "and 1 of all its files" answers 1
run explain $PID /no/such
result "explain knows no file that is not mapped" fails 3 'maps no file that is called /no/such'
run explain $PID --json=short
result "explain gives a report as well" json 'len(r["findings"]) == 1'

run wait --pid=$PID --timeout=0.3
result "wait gives up with 1" answers 1
result "wait shows what is stale" says '^1 stale file in 1 process'
(sleep 0.5; kill $PID) &
run wait --pid=$PID --timeout=20
result "wait ends when the process does" answers 0

start warner
replace warner
run check --pid=$PID
result "check says WARNING" answers 1
result "in one line" test "$(wc -l <"$WORK/out")" = 1
result "with what it is" says '^STALELIB WARNING - 1 process runs 1 stale file\( (.*)\)* | stale_processes=1;1;;0 '
run check --pid=$PID --critical=1
result "check says CRITICAL" answers 2
run check --pid=$PID --warning=2
result "check knows thresholds" answers 0
run check --pid=$PID -w 2 -c 1
result "by their letters as well" answers 2
cp "$SLEEPER" "$WORK/warner.new" && mv "$WORK/warner.new" "$WORK/warner"
run check --pid=$PID
result "a reinstall is no reason for a warning" answers 0
result "but is told" says '^STALELIB OK - nothing is stale, 1 process of the same content | stale_processes=0;.* stale_files=0;.* same_content=1;'
run scan --pid=$PID
result "it is not in the table" test "$(wc -l <"$WORK/out")" = 2
result "of what is stale there is nothing" says '^Nothing is stale; '
result "but in the last line" test "$(tail -n 1 "$WORK/out")" = "1 runs the same content as on disk: --all shows it."
run scan --pid=$PID --all
result "--all shows it" says "^ *$PID warner  *replaced, same-content"
result "and no stale file" says '^Nothing is stale; '
result "and says so" says '^1 of the findings is of the same content'
run scan --pid=$PID --check
result "it is no reason for --check" answers 0
run scan --pid=$PID --json=short
result "the report has it always" json "[(f['flags'], f['urgency']) for f in r['findings']] == [(['same-content'], 'none')]"
run explain $PID --check
result "explain explains it, and is 0" answers 0
result "with what it is" says 'same content'
run wait --pid=$PID --timeout=0
result "wait does not wait for it" answers 0
result "nor show it" says '^Nothing is stale; '
run wait --pid=$PID --timeout=0 --all
result "unless it is to" says 'replaced, same-content'

start mixed
cp "$SLEEPER" "$WORK/mixed.new" && mv "$WORK/mixed.new" "$WORK/mixed"
SAME=$PID
start other
replace other
run scan --pid=$PID --pid=$SAME
result "beside a stale one it is one more" says '^1 more runs the same content as on disk: --all shows it\.$'
result "and counted apart" says '^1 stale file in 1 process; 2 processes'
PID=$SAME

run check --pid=99999999
result "check says UNKNOWN of no process" answers 3

run scan --pid=99999999
result "a process that there is not" fails 3 'There is no process 99999999'
run scan --pid=99999999 --json=short
result "gives a valid report all the same" json 'r["findings"] == [] and r["sweep"]["processes"] == 0'
run explain 99999999
result "explain says so too" fails 3 'There is no process 99999999'
run wait --pid=99999999
result "wait as well" fails 3 'There is no process 99999999'
run scan --unit=no-such-unit
result "a unit without processes" fails 3 'No process belongs to unit no-such-unit.service'
run check --unit=no-such-unit
result "nor for a plugin" answers 3
run wait --unit=no-such-unit
result "no gate opens by a misspelled name" fails 3 'No process belongs to unit'

# It ends when its parent has become one that does not wait for it.
sh -c 'until grep -qx sleep "/proc/$$/comm"; do :; done & echo $! >"$1"; exec sleep 600' sh "$WORK/zombie" &
PIDS="$PIDS $!"
await test -s "$WORK/zombie"
ZOMBIE=$(cat "$WORK/zombie")
await grep -q '^State:.Z' "/proc/$ZOMBIE/status"
run scan --pid=$ZOMBIE --json=short
result "a zombie has no memory" fails 0 'it is a kernel thread or a zombie'
result "and no findings" json 'r["findings"] == []'
run explain $ZOMBIE
result "explain says so" says 'kernel thread or a zombie'
if [ -r /proc/2/stat ] && grep -q kthreadd /proc/2/comm 2>/dev/null; then
        run scan --pid=2
        result "a kernel thread has no memory" fails 0 'it is a kernel thread or a zombie'
else
        skip "a kernel thread has no memory" "none is seen here"
fi

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
        run_as_nobody scan --pid=$PID
        result "a process of another user" fails 3 'could not be read: only its user and root may'
        run_as_nobody scan --pid=$PID --json=short
        result "is counted in the report" json 'r["sweep"]["unreadable"] == 1 and r["findings"] == []'
        result "with its number" json "r['sweep']['unreadable_pids'] == [$PID]"
        result "and listed as unknown" json "[(u['pid'], u['comm'], u['path'], u['reason']) for u in r['unknown']] == [($PID, 'mixed', None, 'permission')]"
        run_as_nobody scan --pid=$PID --unknown
        result "also in the table of these" says "^ *$PID mixed  *permission *$"
        result "with sums" says '^0 mappings could not be judged, 1 process could not be read\.$'
        run_as_nobody scan
        result "of a sweep of all it is counted" says 'could not be read; root sees more\.$'
        result "and nothing is claimed of it" says '^Nothing stale was found; '
        result "that is an answer" answers 0
        run_as_nobody scan --check --quiet
        result "but none for --check" exits 3
        run_as_nobody scan --check --quiet --allow-unknown
        result "unless that is allowed" answers 0
        run_as_nobody scan --full
        result "and named with --full" says "[:,] $(cat /proc/$PID/comm) ($PID)[,;]"
        run_as_nobody explain $PID
        result "and cannot be explained" fails 3 'could not be read'
        result "and nothing is claimed" is_silent
        run_as_nobody wait --pid=$PID --timeout=0
        result "wait is 3" fails 3 'could not be read'
        result "and claims nothing" says '^Nothing could be judged; '
        run_as_nobody wait --pid=$PID --timeout=0 --allow-unknown
        result "unless that is allowed" answers 0
        run_as_nobody check --pid=$PID
        result "check is UNKNOWN" answers 3
        result "and says why" says '^STALELIB UNKNOWN - nothing stale was found, 1 process could not be read | .* unreadable=1;'
        run_as_nobody check --pid=$PID --allow-unknown
        result "unless that is allowed" answers 0
else
        skip "a process of another user" "needs root and setpriv"
fi

run scan --json=short
result "all processes" json 'r["sweep"]["processes"] > 1'
result "with the stale one among them" json "$PID in [f['pid'] for f in r['findings']]"

replace mixed
run scan --watch=0.2 --pid=$PID --check
result "--watch with --check ends when something is stale" answers 1
"$CTL" scan --watch=0.1 --pid=$PID --json=short >"$WORK/watch" &
WATCH=$!
PIDS="$PIDS $WATCH"
await sh -c "[ \$(wc -l <'$WORK/watch') -ge 3 ]"
result "--watch reports again and again" test "$(wc -l <"$WORK/watch")" -ge 3
kill $WATCH

"$CTL" scan --pid=$PID >/dev/full 2>"$WORK/err"
STATUS=$?
result "what cannot be written is an error" fails 3 'Cannot write to standard output: No space left'

finish
