#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# stalelibctl as a client of the daemon, on a bus of its own, with a scanner that
# answers what is written here. Needs: STALELIBCTL, STALELIBD, FAKE_SCANNER.

. "${0%/*}/../bus/frame.bash"
need dbus-daemon busctl systemd-socket-activate
SCANNER="$FAKE_SCANNER $T"
. "${0%/*}/client.bash"

echo 'SettleSec=0' | sed '1i[Stalelibd]' >"$T/conf"
: >"$T/findings"

DBUS_SYSTEM_BUS_ADDRESS=unix:path=$T/none run list
ok "no bus is status 4" fails 4 'Failed to connect to the system bus: .*scan'
start_bus && start_socket || { echo "Bail out! nothing starts"; exit 1; }
for verb in list units status monitor sweep; do
        run $verb
        ok "$verb without a daemon is status 4" fails 4 'stalelibd is not running: .*systemctl start stalelibd.*scan'
done
start_daemon || { echo "Bail out! the daemon does not start"; cat "$T/log"; exit 1; }

run
ok "without a command, findings are listed" answers 0
ok "of which there are none" says '^Nothing is stale; '
run sweep --check
ok "a sweep that finds nothing" answers 0
ok "says so" says '^0 stale files in 0 processes; '
run units
ok "no units" says '^0 units with stale processes'
run check
ok "check is OK" answers 0

self=$$
start=$(awk '{print $22}' /proc/self/stat)
{
        finding 100 /opt/probe/a.so replaced '"nginx.service"' '' 77
        finding 101 /opt/probe/a.so replaced '"nginx.service"' '' 77
        finding $self '/opt/b\\x0a\\\\c.so' modified null '"crash-risk"' "$start"
} >"$T/findings"
run sweep
ok "a sweep that finds something" says '^2 stale files in 3 processes; '
run sweep --check
ok "is 1 with --check" answers 1
run sweep -j
ok "and an object with JSON" json '.stale_processes == 3 and .stale_libraries == 2 and .findings == 3'

run list
ok "list answers" answers 0
ok "by unit, with what ends it" says '^nginx.service: systemctl restart it$'
ok "and its processes" says '^ +100 nginx +replaced +nodelete \(go\) +restart +/opt/probe/a.so$'
ok "what has no unit as well" says '^no unit: '
ok "escaped" says '/opt/b\\x0a\\\\c\.so$'
ok "with the sums" says '^2 stale files in 3 processes; '
run list --unit=nginx --no-legend
ok "list of a unit" test "$(wc -l <"$T/answer")" = 3
run list --pid=101 --json=short
ok "list of a process" json '[.findings[].pid] == [101]'
run list --json=pretty
ok "JSON of three" json '.version == 1 and (.findings | length) == 3'
ok "JSON has every member" json '.findings[0] | has("exe") and has("disk") and has("successor") and has("container") and has("loader_name") and .disk == null'
ok "JSON has escaped text" json '[.findings[].path] | any(. == "/opt/b\\x0a\\\\c.so")'
ok "JSON has the counts" json '.sweep | has("mappings") and has("files") and has("unknown_by") and .processes == 3 and (.started | endswith("Z"))'
run list --check -q
ok "list --check is 1" answers 1
run list --unit=other --check
ok "of a unit that there is not it is 3" fails 3 'No process belongs to unit other\.service'
run list --unit=other --json=short
ok "with a valid report all the same" json '.findings == [] and .unknown == []'
run list --pid=99999999 --check
ok "and so it is of a process" fails 3 'There is no process 99999999'
sleep 600 &
sleeper=$!
run list --pid=$sleeper --check
ok "but 0 of one without findings" answers 0
ok "which says so" says '^Nothing is stale; .*, of these 1 selected\.$'
run wait --pid=$sleeper --timeout=0
ok "as wait does" answers 0
ok "and says how much was looked at" says '^Nothing is stale; [1-9][0-9]* processes with [0-9]+ files examined in '
run check --pid=$sleeper
ok "and check" answers 0

{ echo "$self $start 1"; for pid in {4100001..4100006}; do echo "$pid 0 1"; done; } >"$T/looked"
run sweep
run list
ok "list says whom the daemon could not read" says "^7 processes could not be read: $(cat /proc/$self/comm) \($self\), 4100001, 4100002, 4100003, 4100004 and 2 more, all with --full\.$"
run list --full
ok "with --full all of them" says ' 4100004, 4100005, 4100006\.$'
run list --json=short
ok "and so does JSON" json ".sweep.unreadable_pids == [$self, 4100001, 4100002, 4100003, 4100004, 4100005, 4100006]"
: >"$T/looked"
run sweep

run units
ok "units are counted" says '^nginx.service +2 +2$'
run units --json=short
ok "also as JSON" json 'map(select(.unit == "nginx.service")) == [{"unit":"nginx.service","processes":2,"findings":2,"same_content":0,"urgency":"normal"}]'
ok "those of no unit as well" json 'map(select(.unit == null)) == [{"unit":null,"processes":1,"findings":1,"same_content":0,"urgency":"urgent"}]'
run units --check
ok "units --check is 1" test $status = 1
run units --unit=no-such-unit
ok "and of no such unit 3" fails 3 'No process belongs to unit'
run units --unit='ngin*'
ok "of some units" says '^1 unit with stale processes\.$'

run status
ok "status answers" answers 0
ok "with the state" says 'State: running'
ok "with what is stale" says 'Stale: 3 processes with 2 stale files'
ok "with the units" says '^ +nginx.service$'
ok "with the last sweep" says 'Last sweep: .* ago, took '
run status --json=short
ok "status as JSON is the properties" json '.StaleProcesses == 3 and .State == "running" and .Degraded == false'

run check
ok "check is critical, where a process may crash" answers 2
ok "and says what there is" says '^STALELIB CRITICAL - 3 processes run 2 stale files \(nginx\.service\), 1 may crash \| stale_processes=3;1;;0 '
run check --unit=no-such-unit
ok "check does not take a misspelled unit for a good one" test $status = 3

run wait --timeout=0
ok "wait gives up" answers 1
ok "and says how much was looked at" says '^2 stale files in 3 processes; [1-9][0-9]* processes with [0-9]+ files examined in '
ok "and shows the findings" says '^nginx.service: systemctl restart it$'
run wait --pid=$self --timeout=0
ok "wait for a process gives up as well" answers 1
(sleep 0.5; grep -v "\"pid\":$self," "$T/findings" >"$T/new"; mv "$T/new" "$T/findings") &
run wait --pid=$self --timeout=30
ok "wait ends when the daemon finds nothing of it any more" answers 0

finding $self /opt/late.so modified null '' "$start" >>"$T/findings"
run sweep
run explain $self
ok "explain tells what only the daemon has seen" says '^/opt/late.so: modified$'
ok "with its process" says "^nginx \($self\), no unit, user 33, /usr/sbin/nginx$"
run explain $self --json=short
ok "as JSON too" json '[.findings[].path] == ["/opt/late.so"]'
run explain $self /opt/other.so
ok "and of no other file that is not mapped" fails 3 'maps no file that is called /opt/other.so'

# a reinstall

finding 100 /opt/probe/same.so replaced '"nginx.service"' '"same-content"' 77 >"$T/findings"
run sweep
run list
ok "the same content is not in the list" not says 'same-content'
ok "nothing is stale" says '^Nothing is stale; '
ok "but in its last line" test "$(tail -n 1 "$T/answer")" = '1 runs the same content as on disk: --all shows it.'
run list --all
ok "--all shows it" says ' replaced, same-content '
run list --check
ok "it is no reason for --check" test $status = 0
run list --json=short
ok "the report has it" json '[.findings[].urgency] == ["none"]'
run units
ok "its unit is not stale" says '^0 units with stale processes\.$'
ok "but counted" says '^1 runs the same content as on disk: --all shows it\.$'
run units --all
ok "and shown with --all" says '^nginx.service +0 +0$'
run check
ok "check is OK" answers 0
ok "and counts it apart" says '^STALELIB OK - nothing is stale, 1 process of the same content \| stale_processes=0;.* same_content=1;'
run wait --timeout=0
ok "wait does not wait for it" answers 0

# what was stale and cannot be judged now

finding 100 /opt/probe/a.so replaced '"nginx.service"' '"unconfirmed"' 77 >"$T/findings"
run sweep
run list
ok "it is stale still" says ' replaced, unconfirmed '
finding $self /opt/probe/a.so replaced null '"unconfirmed"' "$start" >>"$T/findings"
run sweep
run explain $self
ok "explain says what that means" says 'cannot be judged now: what was found then is shown'
run wait --timeout=0
ok "for wait as well" answers 1

# monitor

run monitor --unit=no-such-unit --timeout=1
ok "monitor takes no misspelled unit" fails 3 'No process belongs to unit no-such-unit'
run monitor --pid=$sleeper --timeout=0.1
ok "but a process without findings" answers 0
: >"$T/findings"
run sweep
"$STALELIBCTL" monitor --json=short >"$T/events" 2>&1 &
watcher=$!
"$STALELIBCTL" monitor --unit=nginx --pid=$sleeper >"$T/lines" 2>&1 &
second=$!
listening() { (($(busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus.Debug.Stats GetAllMatchRules 2>/dev/null | grep -o FindingRemoved | wc -l) >= 2)); }
eventually 5 listening || sleep 1
finding 100 /opt/probe/a.so replaced '"nginx.service"' '' 77 >"$T/findings"
finding 200 /opt/probe/z.so replaced '"other.service"' '' 77 >>"$T/findings"
run sweep
ok "monitor tells what appears" eventually 5 grep -q '^..:..:.. + nginx (100) still runs the old /opt/probe/a.so$' "$T/lines"
: >"$T/findings"
run sweep
ok "and what goes" eventually 5 grep -q '^..:..:.. - nginx (100): /opt/probe/a.so: exited$' "$T/lines"
ok "of the unit that was asked for" not grep -q z.so "$T/lines"
ok "as JSON, an object a line" eventually 5 jq -es '[.[] | select(.event == "added") | .finding.pid] == [100, 200]' "$T/events"
ok "with the reason why it went" eventually 5 jq -es '[.[] | select(.event == "removed") | .reason] == ["exited", "exited"]' "$T/events"
ok "and every sweep" eventually 5 jq -es '[.[] | select(.event == "sweep") | .sweep.processes] | length >= 2' "$T/events"
stop_daemon
ok "monitor tells that the daemon has stopped" eventually 5 grep -q 'stalelibd has stopped' "$T/lines"
start_daemon
ok "and started" eventually 5 grep -q 'stalelibd has started' "$T/lines"
kill $watcher $second $sleeper
run monitor --timeout=0.2
ok "monitor ends when its time is over" answers 0

# trouble

echo die >"$T/mode"
run sweep
ok "a scanner that dies is told" test $status = 4
echo ok >"$T/mode"

finish
