#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The daemon on a bus of its own, with a scanner that answers what is written here.

. "${0%/*}/frame.bash"
need dbus-daemon busctl systemd-socket-activate
SCANNER="$FAKE_SCANNER $T"

echo 'SettleSec=0' | sed '1i[Stalelibd]' >"$T/conf"
: >"$T/findings"
start_bus && start_socket && start_daemon || { echo "Bail out! nothing starts"; cat "$T/log"; exit 1; }

ok "answers when nothing is stale" is StaleProcesses "u 0"
ok "lists no findings" test "$(manager ListFindings)" = "aa{sv} 0"
ok "is running" is State 's "running"'

# findings that come

busctl --json=short monitor org.stalelib1 >"$T/monitor" 2>/dev/null &
monitor=$!
monitoring() { manager ListUnits >/dev/null; grep -q ListUnits "$T/monitor"; }
eventually 10 monitoring
finding 100 /opt/probe/libdi_rechk.so replaced nginx.service >"$T/findings"
ok "Sweep() returns a summary of what is found" grep -qF '"stale_processes" t 1' <(manager Sweep)
ok "counts processes" is StaleProcesses "u 1"
ok "counts libraries" is StaleLibraries "u 1"
ok "names units" is StaleUnits 'as 1 "nginx.service"'
ok "lists the finding with its keys" grep -qF '"path" s "/opt/probe/libdi_rechk.so"' <(manager ListFindings)
ok "lists units with counts" test "$(manager ListUnits)" = 'a(suu) 1 "nginx.service" 1 1'
ok "has an object for the process" grep -qF /org/stalelib1/process/100 <(busctl tree org.stalelib1)
ok "gives the object for a pid" test "$(manager GetProcess u 100)" = 'o "/org/stalelib1/process/100"'
ok "the object has properties" test "$(busctl get-property org.stalelib1 /org/stalelib1/process/100 org.stalelib1.Process Action)" = 's "restart"'
ok "the object manager lists it" grep -qF '"/org/stalelib1/process/100"' <(busctl call org.stalelib1 /org/stalelib1 org.freedesktop.DBus.ObjectManager GetManagedObjects)
ok "explains it" grep -qF '"explanation"' <(manager Explain u 100)
ok "refuses a pid without findings, by name" grep -qF 'Process 4 has no stale libraries' <(manager Explain u 4 2>&1)
ok "tells it once" eventually 5 logged_times 1 'nginx \(100\) still runs the old'
ok "emits FindingAdded" eventually 5 grep -qE '"member":"FindingAdded"' "$T/monitor"
ok "emits PropertiesChanged" eventually 5 grep -qE '"member":"PropertiesChanged"' "$T/monitor"
ok "emits InterfacesAdded" eventually 5 grep -qE '"member":"InterfacesAdded"' "$T/monitor"

manager Sweep >"$T/out"
ok "does not tell it again with the next sweep" logged_times 1 'nginx \(100\) still runs the old'
manager ListFindings >"$T/before"
echo keeps >"$T/mode"
manager Sweep >"$T/out"
ok "a finding that the scanner keeps stays as it was" cmp "$T/before" <(manager ListFindings)
ok "and is not told again" logged_times 1 'nginx \(100\) still runs the old'
echo ok >"$T/mode"

# the vocabulary of introspection

busctl introspect --xml-interface org.stalelib1 /org/stalelib1 >"$T/xml"
interface() {
        busctl introspect --xml-interface org.stalelib1 "$2" | python3 "${0%/*}/interface.py" ${WRITE_INTERFACES:+--write} \
                "${0%/*}/../../systemd/$1.xml"
}
ok "the installed interface of the manager is the one that is served" interface org.stalelib1.Manager /org/stalelib1
ok "and so is that of a process" interface org.stalelib1.Process /org/stalelib1/process/100
ok "introspection has argument names" grep -qE '<arg (type="u" name="pid"|name="pid" type="u") direction="in"' "$T/xml"

# a restart of the daemon

ok "stops cleanly" stop_daemon TERM
start_daemon
manager Sweep >"$T/out"
ok "does not tell it again after a restart" logged_times 1 'nginx \(100\) still runs the old'
stop_daemon KILL
start_daemon
manager Sweep >"$T/out"
ok "does not tell it again after a crash" logged_times 1 'nginx \(100\) still runs the old'

# findings that change and go

finding 100 /opt/probe/libdi_rechk.so modified nginx.service '"crash-risk"' >"$T/findings"
manager Sweep >"$T/out"
ok "tells it again when it got worse" eventually 5 logged_times 2 'nginx \(100\) still runs the old'
: >"$T/findings"
echo "100 77 0" >"$T/looked"
manager Sweep >"$T/out"
ok "tells that it is not mapped any more" eventually 5 logged 'nginx \(100\) no longer runs the old .*not mapped any more'
ok "the object is gone" not grep -qF /org/stalelib1/process/100 <(busctl tree org.stalelib1)
ok "emits FindingRemoved" eventually 5 grep -qE '"member":"FindingRemoved".*unmapped' "$T/monitor"
ok "emits InterfacesRemoved" eventually 5 grep -qE '"member":"InterfacesRemoved"' "$T/monitor"

finding 101 /opt/a.so >"$T/findings"
manager Sweep >"$T/out"
: >"$T/findings"
manager Sweep >"$T/out"
ok "tells that a process has ended" eventually 5 logged 'nginx \(101\) no longer runs .*has ended'

finding 102 /opt/b.so >"$T/findings"
manager Sweep >"$T/out"
: >"$T/findings"
echo "102 77 0" >"$T/looked"
echo current-again >"$T/mode"
manager Sweep >"$T/out"
ok "tells that a file is the same again" eventually 5 logged 'nginx \(102\) no longer runs .*same again'
echo ok >"$T/mode"

# what could not be judged

unknown() { [[ $(manager ListUnknown) == "aa{sv} $1" ]] || { manager ListUnknown >&2; return 1; }; }
inode() { cksum <<<"$1" | cut -d' ' -f1; }
ok "lists nothing that could not be judged" unknown 0
for i in $(seq 300); do echo "104 $((i / 60 + 70)) 3 $i /opt/many$i.so"; done | sed -E 's/^104 (..)/\1\1 77/' >"$T/unknown"
echo '105 77 1 5 /opt/sp\x0ace.so' >>"$T/unknown"
echo '106 0 1' >"$T/looked"
manager Sweep >"$T/out"
ok "lists what could not be judged, in as many pieces as it takes" test "$(manager ListUnknown | grep -o '"reason"' | wc -l)" = 302
ok "with process, path and reason" grep -qF '4 "pid" u 105 "comm" s "nginx" "path" s "/opt/sp\\\\x0ace.so" "reason" s "remote"' <(manager ListUnknown)
ok "and a process that could not be read, without a path" grep -qF ' 2 "pid" u 106 "reason" s "permission"' <(manager ListUnknown)
ok "that alone is no trouble" is State 's "running"'
: >"$T/unknown"
: >"$T/looked"

finding 107 /opt/d.so >"$T/findings"
manager Sweep >"$T/out"
: >"$T/findings"
echo "107 77 1 $(inode /opt/d.so) /elsewhere/d.so" >"$T/unknown"
manager Sweep >"$T/out"
ok "a finding that turns unknown stays" is StaleProcesses "u 1"
ok "unconfirmed" grep -qF '"flags" as 1 "unconfirmed"' <(manager ListFindings)
stop_daemon KILL
start_daemon
manager Sweep >"$T/out"
ok "also over a restart" grep -qF '"flags" as 1 "unconfirmed"' <(manager ListFindings)
finding 107 /opt/d.so >"$T/findings"
: >"$T/unknown"
manager Sweep >"$T/out"
ok "until it can be judged again" grep -qF '"flags" as 0' <(manager ListFindings)
ok "and nothing of it is told" eval 'logged_times 1 "nginx .107. still runs" && not logged "nginx .107. no longer"'
: >"$T/findings"
manager Sweep >"$T/out"
ok "its end is" eventually 5 logged 'nginx \(107\) no longer runs .*has ended'

finding 103 /opt/c.so >"$T/findings"
manager Sweep >"$T/out"
: >"$T/findings"
echo "103 77 1" >"$T/looked"
manager Sweep >"$T/out"
ok "a process that cannot be read keeps its findings" is StaleProcesses "u 1"
ok "and is counted" is ProcessesUnreadable "u 1"
manager Sweep >"$T/out"
ok "and that makes it degraded, when it lasts" is Degraded "b true"
ok "and says so" logged 'Not everything can be examined: 1 process cannot be read'
: >"$T/looked"
manager Sweep >"$T/out"
manager Sweep >"$T/out"
ok "and is told to be over" eventually 5 logged 'Everything can be examined again'

# same content

quiet() { not logged "nginx \\($1\\)"; }
finding 160 /opt/same.so replaced same.service '"same-content"' >"$T/findings"
manager Sweep >"$T/summary"
ok "same content is listed" grep -qF '"urgency" s "none"' <(manager ListFindings)
ok "and counted apart" grep -qF '"findings" t 1 "listed" t 1 "same_content" t 1 "stale_processes" t 0 "stale_libraries" t 0' "$T/summary"
ok "its process is not stale" is StaleProcesses "u 0"
ok "but of the same content" is SameContentProcesses "u 1"
ok "nor is its unit" is StaleUnits "as 0"
ok "and not among those with findings" test "$(manager ListUnits)" = 'a(suu) 0'
: >"$T/findings"
manager Sweep >"$T/out"
ok "nothing of it is told" quiet 160
finding 161 /opt/turns.so replaced same.service '"same-content"' >"$T/findings"
manager Sweep >"$T/out"
finding 161 /opt/turns.so replaced same.service '"same-content","crash-risk"' >"$T/findings"
manager Sweep >"$T/out"
ok "when it is urgent, it is told as new" eventually 5 logged_times 1 'nginx \(161\) still runs'
ok "and counted as urgent" is UrgentProcesses "u 1"
finding 161 /opt/turns.so replaced same.service '"same-content"' >"$T/findings"
manager Sweep >"$T/out"
ok "when it is none again, it is over" eventually 5 logged_times 1 'nginx \(161\) no longer runs .*same again'
ok "and still listed" grep -qF '"pid" u 161' <(manager ListFindings)
ok "properties that change are announced" grep -q '"SameContentProcesses"' "$T/monitor"
stop_daemon KILL
start_daemon
: >"$T/findings"
manager Sweep >"$T/out"
ok "and its end is not told, nor after a restart" logged_times 1 'nginx \(161\) no longer runs'

# more than a list holds

finding 150 /opt/listed.so replaced a.service >"$T/findings"
manager Sweep >"$T/out"
mv "$T/findings" "$T/standing"
finding 151 /opt/new.so replaced b.service >"$T/findings"
echo cut >"$T/mode"
manager Sweep >"$T/summary"
ok "what is not listed is counted" grep -qF '"findings" t 9 "listed" t 1 ' "$T/summary"
ok "and its processes are" is StaleProcesses "u 2"
ok "and that it is not listed is said" is DegradedReason 's "8 of 9 findings are counted, and not listed."'
ok "it has no object" not grep -qF /org/stalelib1/process/150 <(busctl tree org.stalelib1)
ok "and is not told to be gone" not logged 'nginx \(150\) no longer'
stop_daemon KILL
start_daemon
manager Sweep >"$T/out"
ok "nor after a restart" not logged 'nginx \(150\) no longer'
cat "$T/standing" >>"$T/findings"
: >"$T/standing"
echo ok >"$T/mode"
manager Sweep >"$T/summary"
ok "when it is listed again" grep -qF '"listed" t 2 ' "$T/summary"
ok "it is not told again" logged_times 1 'nginx \(150\) still runs'
ok "and all is well again" is State 's "running"'
mv "$T/findings" "$T/standing"
: >"$T/findings"
manager Sweep >"$T/out"
: >"$T/standing"
manager Sweep >"$T/out"
ok "the end of what is not listed is told" eventually 5 logged 'nginx \(150\) no longer runs .*has ended'

# a storm

for i in {1..60}; do finding 200 "/opt/storm$i.so" replaced storm.service; done >"$T/findings"
manager Sweep >"$T/out"
ok "of a storm only the first are told" eventually 5 logged_times 10 'nginx \(200\) still runs'
ok "and then their sum" eventually 5 logged 'storm.service: 50 more stale libraries in 1 process were found'
ok "all of them are listed" test "$(manager ListFindings | grep -o '"message"' | wc -l)" = 60
stop_daemon KILL
start_daemon
manager Sweep >"$T/out"
ok "and not told again after a crash" logged_times 1 'storm.service: 50 more'
: >"$T/findings"
manager Sweep >"$T/out"
ok "their end is summed up as well" eventually 5 logged 'storm.service: 50 more stale libraries in 1 process are gone'

# settling

printf '[Stalelibd]\nSettleSec=700ms\nSweepIntervalSec=1h\n' >"$T/conf"
kill -HUP "$daemon_pid"
ok "SIGHUP reads the configuration" eventually 5 is SweepInterval "t 3600000000"
finding 300 /opt/settle.so >"$T/findings"
manager Sweep >"$T/out"
ok "a finding that has not lasted is listed" is StaleProcesses "u 1"
ok "and not told" not logged 'nginx \(300\)'
ok "it is told once it has lasted, without anyone asking" eventually 5 logged 'nginx \(300\) still runs'
finding 301 /opt/short.so >"$T/findings"
manager Sweep >"$T/out"
: >"$T/findings"
manager Sweep >"$T/out"
sleep 1 # longer than it would have taken to be told
manager Sweep >"$T/out"
ok "what goes before is never told" not logged 'nginx \(301\)'

# wishes

finding 302 /opt/changed.so >"$T/findings"
kill -USR1 $(scanners | head -n1)
ok "a changed directory leads to a sweep" eventually 5 is StaleProcesses "u 1"
for i in {1..40}; do manager Sweep >"$T/sweep.$i" 2>&1 & pids[i]=$!; done
wait "${pids[@]}"
ok "callers of Sweep() at once are all answered" test "$(cat "$T"/sweep.* | grep -c '^a{sv}')" = 40

kill "$monitor" 2>/dev/null
finish
