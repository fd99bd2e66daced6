#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# stalelibctl as a client of the daemon, on a bus of its own, with a scanner that
# answers what is written here. Needs: STALELIBCTL, STALELIBD, FAKE_SCANNER.

. "${0%/*}/../bus/frame.bash"
need dbus-daemon busctl systemd-socket-activate
SCANNER="$FAKE_SCANNER $T"
unset NO_COLOR SYSTEMD_PAGER PAGER COLUMNS

# finding PID PATH STATE UNIT FLAGS START-TIME: one line of what the scanner finds; UNIT, FLAGS in JSON.
finding() {
        printf '{"pid":%d,"start_time":%d,"comm":"nginx","exe":"/usr/sbin/nginx","uid":33,"unit":%s,"user_unit":null,"container":null,' "$1" "$6" "$4"
        printf '"path":"%s","loader_name":null,"state":"%s","flags":[%s],' "$2" "$3" "$5"
        printf '"mapped":{"device":"253:0","inode":%d,"build_id":null,"known":true},"disk":null,"successor":null,' "$(cksum <<<"$2" | cut -d' ' -f1)"
        printf '"pins":[{"reason":"nodelete","certainty":"certain","holder":null,"holder_pins":[],"detail":"DF_1_NODELETE is set"}],"runtimes":["go"],'
        printf '"action":"restart","advice":"systemctl restart it","message":"nginx (%d) still runs the old %s"}\n' "$1" "$2"
}

# run ARGUMENT…: stalelibctl with its output, errors and status kept.
run() {
        timeout 60 "$STALELIBCTL" "$@" >"$T/answer" 2>"$T/error" </dev/null
        status=$?
}

answers() { [[ $status == "$1" && ! -s $T/error ]] || { echo "status $status"; cat "$T/answer" "$T/error"; return 1; }; }
fails() {
        [[ $status == "$1" && $(wc -l <"$T/error") == 1 ]] && grep -q -- "$2" "$T/error" || { echo "status $status"; cat "$T/error"; return 1; }
}
says() { grep -qE -- "$1" "$T/answer" || { cat "$T/answer"; return 1; }; }
json() { jq -e "$1" "$T/answer" >/dev/null || { cat "$T/answer"; return 1; }; }

echo 'SettleSec=0' | sed '1i[Stalelibd]' >"$T/conf"
: >"$T/findings"

DBUS_SYSTEM_BUS_ADDRESS=unix:path=$T/none run list
ok "no bus is status 4" fails 4 'system bus is not reachable .*scan'
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
ok "of another unit it is 0" answers 0

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
ok "also as JSON" json 'map(select(.unit == "nginx.service")) == [{"unit":"nginx.service","processes":2,"findings":2}]'

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
ok "and says what there is" says '^STALELIB CRITICAL - 3 processes run 2 stale files, 1 may crash \| stale_processes=3;1;;0 '
run check --unit=no-such-unit
ok "check does not take a misspelled unit for a good one" test $status = 3

run wait --timeout=0
ok "wait gives up" answers 1
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
ok "and not another file" says 'runs no stale /opt/other.so'

# what was stale and cannot be judged now

finding 100 /opt/probe/a.so replaced '"nginx.service"' '"unconfirmed"' 77 >"$T/findings"
run sweep
run list
ok "it is stale still" says ' replaced, unconfirmed '
run wait --timeout=0
ok "for wait as well" answers 1
finding $self /opt/probe/a.so replaced null '"unconfirmed"' "$start" >>"$T/findings"
run sweep
run explain $self
ok "explain says what that means" says 'cannot be judged now: what was found then is shown'

# monitor

: >"$T/findings"
run sweep
"$STALELIBCTL" monitor --json=short >"$T/events" 2>&1 &
watcher=$!
"$STALELIBCTL" monitor --unit=nginx >"$T/lines" 2>&1 &
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
kill $watcher $second
run monitor --timeout=0.2
ok "monitor ends when its time is over" answers 0

# trouble

echo die >"$T/mode"
run sweep
ok "a scanner that dies is told" test $status = 4
echo ok >"$T/mode"

finish
