#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What stalelibctl makes of a daemon's lists and counts: what is cut, what is unknown, what an earlier version does not
# say. Needs: STALELIBCTL, FAKE_DAEMON, SLEEPER, OTHER.

SCANNER=none
. "${0%/*}/../bus/frame.bash"
need dbus-daemon jq
. "${0%/*}/client.bash"

# start FILE: a process of a program of its own; its pid in $pid.
start() {
        cp "$SLEEPER" "$T/$1"
        : >"$T/ready"
        "$T/$1" >"$T/ready" &
        pid=$!
        pids+=" $pid"
        eventually 10 test -s "$T/ready"
}
pids=
start clean && clean=$pid
start stale && stale=$pid
cp "$OTHER" "$T/new" && mv "$T/new" "$T/stale"

# says_nothing: the daemon, of anything.
says_nothing() {
        rm -f "$T"/{findings,unknown,summary,properties,degraded}
        : >"$T/unknown"
        printf '%s\n' 'processes 9' 'mappings 99' 'files 20' 'unreadable 0' 'unknown 0' 'findings 0' 'listed 0' >"$T/summary"
        printf '%s\n' 'StaleProcesses 0' 'StaleLibraries 0' 'UrgentProcesses 0' 'SameContentProcesses 0' 'UnknownMappings 0' \
                'ProcessesChecked 9' 'ProcessesUnreadable 0' >"$T/properties"
}
# set_number FILE KEY NUMBER
set_number() { sed -i "s/^$2 .*/$2 $3/" "$T/$1"; }
as_nobody() {
        cp -f "$STALELIBCTL" "$T/ctl" && chmod 755 "$T" "$T/ctl" && chmod 777 "$T/bus"
        timeout 60 setpriv --reuid=65534 --regid=65534 --clear-groups "$T/ctl" "$@" >"$T/answer" 2>"$T/error" </dev/null
        status=$?
}

says_nothing
start_bus || { echo "Bail out! no bus"; exit 1; }
sed -i 's,<policy context="default">,<policy context="default"><allow user="*"/>,' "$T/bus.conf"
kill -HUP "$bus_pid"
"$FAKE_DAEMON" "$T" &
daemon_pid=$!
answering() { run status && [[ $status == 0 ]]; }
eventually 10 answering || { echo "Bail out! the daemon does not start"; exit 1; }

for command in 'list --check' 'units --check' 'status --check' 'sweep --check' 'wait --timeout=0' check "list --check --pid=$clean" \
        "wait --timeout=0 --pid=$clean" "check --pid=$clean"; do
        run $command
        ok "$command: all was judged" answers 0
done

# lists that are asked for too often

: >"$T/busy"
run list --check
ok "what is refused for now is asked for once more" answers 0
ok "by list" not test -e "$T/busy"

# something is unknown, of another process

printf '%s\n' "$stale stale remote /mnt/a.so" '4100001 other permission' >"$T/unknown"
set_number summary unknown 1
set_number summary unreadable 1
set_number properties UnknownMappings 1
set_number properties ProcessesUnreadable 1
for command in 'list --check' 'units --check' 'status --check' 'sweep --check' 'wait --timeout=0' check; do
        run $command
        ok "$command: not all was judged" test $status = 3
        run $command --allow-unknown
        ok "$command: that is allowed" test $status = 0
done
run check
ok "check names what is unknown" says '^STALELIB UNKNOWN - nothing stale was found, 1 mapping could not be judged, 1 process could not be read \| .* unknown=1;'
run list
ok "the list claims no more than was judged" says '^Nothing stale was found; '
ok "and says where to see it" says '^1 mapping could not be judged.*: "stalelibctl list --unknown" shows it\.$'
run list --unknown
ok "which shows it" says "^ *$stale stale +remote +/mnt/a\.so$"
ok "and the process that could not be read" says '^ *4100001 other +permission *$'
ok "with sums" says '^1 mapping could not be judged, 1 process could not be read\.$'
run list --json=short
ok "and so does the report" json "[.unknown[] | [.pid, .path, .reason]] == [[$stale, \"/mnt/a.so\", \"remote\"], [4100001, null, \"permission\"]]"
run units
ok "units says it" says '^1 mapping could not be judged'
run status
ok "status says it" says '^ +Unknown: 1 mapping could not be judged'
for command in 'list --check' 'wait --timeout=0' check; do
        run $command --pid=$clean
        ok "$command: not of the process that was asked for" answers 0
        run $command --pid=$stale
        ok "$command: of the one it is" test $status = 3
done
run list --pid=$stale --json=short
ok "the counts are of the selection" json '.sweep.unknown == 1 and .sweep.unknown_by.remote == 1 and .sweep.unreadable == 0 and (.unknown | length) == 1'
run list --pid=$clean --json=short
ok "also where nothing is" json '.sweep.unknown == 0 and .unknown == []'

# names that others control

printf '%s\n' "$stale a\\x0ab remote /mnt/\\x1b[31m\\\\.so" >"$T/unknown"
set_number summary unreadable 0
run list --unknown
ok "the names are safe to show" says 'a\\x0ab +remote +/mnt/\\x1b\[31m\\\\\.so$'

# more is unknown than is listed

set_number summary unknown 5
for command in 'list --check' 'wait --timeout=0' check; do
        run $command --pid=$stale
        ok "$command: of a process with one that is listed" test $status = 3
done
run list --check --pid=$clean
ok "it may be of any process" test $status = 3
ok "that is said" says 'the daemon does not say which of the selected it concerns\.$'
run list --unknown
ok "and how many are not listed" says '^4 of the mappings are not listed\.$'

# a daemon of an earlier version, that does not list what is unknown

rm "$T/unknown"
run list --check --pid=$clean
ok "list: an earlier daemon does not say of whom" test $status = 3
if ((EUID == 0)); then
        run wait --timeout=0 --pid=$clean
        ok "wait: root looks" answers 0
        run check --pid=$clean
        ok "check: root looks" answers 0
        run wait --timeout=0 --pid=$stale
        ok "and sees what is stale" answers 1
else
        tests=$((tests + 1))
        echo "ok $tests - root looks itself # SKIP needs root"
fi
run list --unknown
ok "list --unknown says how many there are" says '^5 mappings could not be judged'
sed -i '/UrgentProcesses\|SameContent\|UnknownMappings/d' "$T/properties"
run check
ok "check knows the number" says '^STALELIB UNKNOWN .* unknown=5;'
finding "$clean" /opt/same.so replaced null '"same-content"' 77 >"$T/findings"
set_number properties StaleProcesses 1
set_number summary unknown 0
set_number summary findings 1
set_number summary listed 1
run check
ok "check counts by the findings" says '^STALELIB OK - nothing is stale, 1 process of the same content '

# findings that the list has no room for

says_nothing
set_number summary findings 3
set_number properties StaleProcesses 3
run list
ok "a list that was cut claims no more than it has" says '^Nothing stale was found; '
ok "and says that it was cut" says "^The daemon's list has no room for 3 more findings\.$"
run list --check
ok "which is 3" test $status = 3
run list --check --allow-unknown
ok "whatever is allowed" test $status = 3
run units --check
ok "units: 3" test $status = 3
run status --check
ok "status: 1, by the counts" answers 1
run check
ok "check: WARNING, by the counts" says '^STALELIB WARNING - 3 processes '
if ((EUID == 0)); then
        run wait --timeout=0 --pid=$stale
        ok "wait: root looks" answers 1
        run wait --timeout=0 --pid=$clean
        ok "and only root knows of what is not listed" answers 0
        run check --pid=$stale
        ok "check: root looks" answers 1
        if command -v setpriv >/dev/null; then
                as_nobody wait --timeout=0 --pid=$stale
                ok "wait: others do not know" test $status = 3
                as_nobody check --pid=$stale
                ok "check: others do not know" test $status = 3
        fi
fi
finding "$clean" /opt/a.so replaced null '' 77 >"$T/findings"
set_number summary listed 1
run list --check
ok "what is listed is stale" test $status = 1
run wait --timeout=0 --pid=$clean
ok "wait: also if the list was cut" answers 1

# by urgency

says_nothing
{ finding 100 /opt/a.so modified null '"crash-risk"' 77; finding 101 /opt/b.so replaced null '' 77; finding 102 /opt/c.so replaced null '"same-content"' 77; } >"$T/findings"
set_number summary findings 3
set_number summary listed 3
printf 'same_content 1\nstale_processes 2\nstale_libraries 2\n' >>"$T/summary"
for pair in 'StaleProcesses 2' 'StaleLibraries 2' 'UrgentProcesses 1' 'SameContentProcesses 1'; do set_number properties $pair; done
run check
ok "check counts apart" says '^STALELIB CRITICAL - 2 processes run 2 stale files, 1 may crash, 1 process of the same content \| stale_processes=2;1;;0 stale_files=2;;;0 crash_risk=1;;1;0 same_content=1;'
run status
ok "status does" says 'Stale: 2 processes with 2 stale files, 1 may crash$'
ok "and says the rest" says '^ +1 more process with the same content as on disk$'
run sweep
ok "sweep does" says '^1 finding is of the same content as on disk\.$'
run list
ok "the list does" says '^2 stale files in 2 processes; '
ok "in its last line" test "$(tail -n 1 "$T/answer")" = '1 more runs the same content as on disk: --all shows it.'
run list --pid=102 --check
ok "and --check" test $status = 0

# a process that only the daemon may read

if ((EUID == 0)) && command -v setpriv >/dev/null; then
        says_nothing
        finding "$clean" /opt/same.so replaced null '"same-content"' 77 >"$T/findings"
        as_nobody explain $clean --check
        ok "explain tells what the daemon knows of it" says '^/opt/same\.so: replaced$'
        ok "of which nothing is stale" test $status = 0
        echo "$clean clean race /opt/b.so" >"$T/unknown"
        as_nobody explain $clean
        ok "and what it could not judge" says '^1 of its files could not be judged, and may be stale as well:$'
        ok "with the reason" says '^  - /opt/b\.so \(race\): it changed while it was read, repeatedly$'
        as_nobody explain $clean --check
        ok "which is 3" test $status = 3
        as_nobody explain $clean same.so --check
        ok "but 0 of another file" test $status = 0
        rm "$T/unknown"
        as_nobody explain $clean --check
        ok "an earlier version does not say what it could not judge" test $status = 3
        ok "and so it is told" says '^The daemon does not say which files it could not judge\.$'
fi

# the daemon does not answer

says_nothing
kill -STOP "$daemon_pid"
run check -t 1
ok "check gives up when its time is over" answers 3
ok "and says so" says '^STALELIB UNKNOWN - timed out after 1\.0 s$'
kill -CONT "$daemon_pid"

# the daemon is not well

says_nothing
echo 'it cannot see.' >"$T/degraded"
for command in 'list --check' 'units --check' 'status --check' check "list --check --pid=$clean"; do
        run $command
        ok "$command: the daemon is degraded" test $status = 3
done
run list
ok "the list says so" says '^The daemon is degraded: it cannot see\.$'
run list --unknown
ok "and does not claim that all was judged" not says '^All mappings'
run wait --timeout=0
ok "wait has it sweep, and takes that" answers 0
rm "$T/degraded"
echo 'SweepInterval 1' >>"$T/properties"
for command in 'list --check' 'status --check' check; do
        run $command
        ok "$command: it has not looked for long" test $status = 3
done

kill $pids
finish
