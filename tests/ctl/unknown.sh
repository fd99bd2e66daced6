#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What cannot be judged is never called well: on a kernel without openat2(2), without capabilities, and where a single
# mapping is unknown. Usage: unknown.sh STALELIBCTL SLEEPER OTHER WITHOUT-OPENAT2
. "$(dirname "$0")/lib.sh"
SLEEPER=$1
OTHER=$2
WITHOUT=$(realpath "$3")
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent

cp "$SLEEPER" "$WORK/sleeper"
"$WORK/sleeper" >"$WORK/ready" &
PID=$!
PIDS=$PID
await test -s "$WORK/ready"

# blind ARGUMENT…: as run, without openat2(2).
blind() {
        timeout 30 "$WITHOUT" "$CTL" "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
        STATUS=$?
}

# With and without a file that is stale: the answer cannot be another, since neither is seen.
for file in current replaced; do
        if [ $file = replaced ]; then cp "$OTHER" "$WORK/new" && mv "$WORK/new" "$WORK/sleeper"; fi
        blind scan --pid=$PID
        if [ "$STATUS" = 77 ]; then
                skip "without openat2(2)" "needs seccomp"
                finish
                exit
        fi
        result "$file: scan without openat2(2) fails" fails 3 'openat2(2) is missing or denied (Linux 5.6 or later is needed)'
        result "$file: and claims nothing" says '^Nothing could be judged; 1 process with'
        result "$file: its last line says what is missing" sh -c "tail -n 1 '$WORK/out' | grep -q 'mappings could not be judged'"
        blind scan --pid=$PID --quiet
        result "$file: --quiet does not hide that" fails 3 'openat2(2) is missing'
        blind scan --pid=$PID --json=short
        result "$file: there is a report all the same" json 'r["findings"] == [] and r["sweep"]["unknown"] >= 2 and len(r["unknown"]) == r["sweep"]["unknown"]'
        blind scan --pid=$PID --unknown
        result "$file: --unknown shows which they are" says "^ *$PID sleeper .*$WORK/sleeper$"
        blind scan --pid=$PID --check --allow-unknown
        result "$file: --check is 3, whatever is allowed" fails 3 'openat2(2) is missing'
        blind wait --pid=$PID --timeout=0
        result "$file: wait is 3" fails 3 'openat2(2) is missing'
        blind wait --pid=$PID --timeout=0 --allow-unknown
        result "$file: whatever is allowed" fails 3 'openat2(2) is missing'
        blind check --pid=$PID
        result "$file: check is UNKNOWN" fails 3 'openat2(2) is missing'
        result "$file: and says why" says '^STALELIB UNKNOWN - nothing stale was found, .* mappings could not be judged, openat2(2) is missing.* | .* unknown=[1-9]'
        blind explain $PID
        result "$file: explain is 3" fails 3 'openat2(2) is missing'
        result "$file: and claims nothing" says "^Whether sleeper ($PID) runs anything stale is not known: none of the"
        result "$file: and names the files" says "^  - $WORK/sleeper ([a-z]*): "
        blind explain $PID sleeper --check
        result "$file: of one file as well" says "^Whether the sleeper that sleeper ($PID) maps is stale could not be judged:$"
        result "$file: which is 3" exits 3
done
timeout 30 "$WITHOUT" "$CTL" scan --pid=$PID --watch=0.1 >"$WORK/out" 2>"$WORK/err"
STATUS=$?
result "a watch ends" fails 3 'openat2(2) is missing'

# In a user namespace, root has no capability that counts for map_files: root is told, once.
inside() { # ARGUMENT…: scan's, of a process in there
        # shellcheck disable=SC2016
        unshare -U -r sh -c '"$1" >"$2" & until [ -s "$2" ]; do sleep 0.1; done; shift 2; "$@" --pid=$!; s=$?; kill $!; exit $s' \
                sh "$WORK/sleeper" "$WORK/ready3" timeout 1 "$CTL" scan "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
        STATUS=$?
        rm -f "$WORK/ready3"
}
if [ "$(id -u)" = 0 ] && unshare -U -r true 2>/dev/null; then
        inside --watch=0.1 --no-legend --json=short
        result "root is told of a capability that is missing" grep -q 'CAP_CHECKPOINT_RESTORE is missing' "$WORK/err"
        result "by the first look" test "$(grep -c 'CAP_CHECKPOINT_RESTORE is missing' "$WORK/err")" = 1
        result "of many" test "$(wc -l <"$WORK/out")" -gt 3
        inside --quiet
        result "but not with --quiet" test ! -s "$WORK/err"
        run_as_nobody scan
        result "others are not told of what they lack" test ! -s "$WORK/err"
else
        skip "root is told of a capability that is missing" "needs root and user namespaces"
fi

# One file of many lies in a directory that its own user may not search any more.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
        mkdir "$WORK/closed"
        cp "$SLEEPER" "$WORK/closed/program"
        chmod 755 "$WORK" "$WORK/closed"
        setpriv --reuid=65534 --regid=65534 --clear-groups "$WORK/closed/program" >"$WORK/ready2" &
        PID=$!
        PIDS="$PIDS $PID"
        await test -s "$WORK/ready2"
        run_as_nobody scan --pid=$PID
        result "all can be judged" says '^Nothing is stale; '
        run_as_nobody scan --pid=$PID --unknown
        result "and --unknown says so" says '^All mappings could be judged; 1 process examined\.$'
        chmod 700 "$WORK/closed"
        run_as_nobody scan --pid=$PID
        result "one unknown mapping is an answer" answers 0
        result "which claims no more than was judged" says '^Nothing stale was found; '
        result "and says where to see it" says '^1 mapping could not be judged (permission: 1): "stalelibctl scan --unknown" shows it\.$'
        run_as_nobody scan --pid=$PID --unknown
        result "which shows it" says "^ *$PID program *permission *$WORK/closed/program$"
        result "with the sum" says '^1 mapping could not be judged, 0 processes could not be read\.$'
        run_as_nobody scan --pid=$PID --json=short
        result "as does the report" json "[(u['pid'], u['comm'], u['path'], u['reason']) for u in r['unknown']] == [($PID, 'program', '$WORK/closed/program', 'permission')]"
        run_as_nobody scan --pid=$PID --check
        result "--check is 3" answers 3
        run_as_nobody scan --pid=$PID --check --allow-unknown
        result "unless that is allowed" answers 0
        run_as_nobody wait --pid=$PID --timeout=20
        result "wait is 3, and does not wait" answers 3
        run_as_nobody wait --pid=$PID --timeout=20 --allow-unknown
        result "unless that is allowed" answers 0
        run_as_nobody check --pid=$PID
        result "check is UNKNOWN" answers 3
        result "and counts it" says '^STALELIB UNKNOWN - nothing stale was found, 1 mapping could not be judged | .* unknown=1;'
        run_as_nobody explain $PID
        result "explain claims no more than was judged" says "^Of the [0-9]* files that program ($PID) maps, 1 could not be judged, and may be stale; no other one is:$"
        result "and says why" says "^  - $WORK/closed/program (permission): it may not be read$"
        run_as_nobody explain $PID --check
        result "which is 3 with --check" answers 3
        run_as_nobody explain $PID "$(grep -o '/[^ ]*/libc[.-][^ ]*so[^ ]*' /proc/$PID/maps | head -n 1)" --check
        result "but 0 of a file that was judged" answers 0
else
        skip "one unknown mapping" "needs root and setpriv"
fi

finish
