#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Clients that ask without end, or never read what they are told: they cost the daemon no
# more than is said in SECURITY.md, and nobody else an answer.

. "${0%/*}/frame.bash"
need dbus-daemon busctl systemd-socket-activate python3
SCANNER="$FAKE_SCANNER $T"

# findings NUMBER PATH-LENGTH [PROCESSES]: each of a unit of its own
findings() {
        awk -v n="$1" -v size="$2" -v processes="${3:-100}" 'BEGIN {
                name = sprintf("%" size "s", ""); gsub(/ /, "x", name)
                for (i = 0; i < n; i++)
                        printf "{\"pid\":%d,\"start_time\":77,\"comm\":\"a\",\"exe\":null,\"uid\":0,\"unit\":\"u%d.service\",\"user_unit\":null,\"container\":null,\"path\":\"/%05d%s\",\"loader_name\":null,\"state\":\"deleted\",\"flags\":[],\"mapped\":{\"device\":\"1:1\",\"inode\":%d,\"build_id\":null,\"known\":true},\"disk\":null,\"successor\":null,\"pins\":[{\"reason\":\"musl\",\"certainty\":\"likely\",\"holder\":null,\"holder_pins\":[],\"detail\":null}],\"runtimes\":[],\"action\":\"restart\",\"advice\":\"a\",\"message\":\"m\"}\n", 100 + i % processes, i % processes, i, name, i + 1
        }' >"$T/findings.new"
        mv "$T/findings.new" "$T/findings"
}

peak_kib() { awk '/^VmHWM:/ {print $2}' "/proc/$daemon_pid/status"; }
forget_peak() { echo 5 >"/proc/$daemon_pid/clear_refs"; }

# grown MIB: the most memory that it had since forget_peak, above what it had then. A sanitizer
# keeps what was freed: HOSTILE_SLACK.
grown() {
        local by=$((($(peak_kib) - before) / 1024))
        ((by <= $1 * ${HOSTILE_SLACK:-1})) || { echo "$by MiB"; return 1; }
}

listed() { [[ $(manager ListFindings | grep -o '"path"' | wc -l) == "$1" ]]; }

# quick: ten questions, each answered within a second
quick() {
        local i
        for i in {1..10}; do
                timeout 1 busctl get-property org.stalelib1 /org/stalelib1 org.stalelib1.Manager StaleProcesses || return
        done
}

client() { python3 "${BASH_SOURCE[0]%/*}/client.py" "$T/bus" "$@"; }

# with_deaf [MEMBER]: a client that never reads
with_deaf() {
        mkfifo "$T/in"
        client deaf "$@" <"$T/in" >"$T/deaf" &
        deaf=$!
        exec {in}>"$T/in"
        rm "$T/in"
}
is_deaf() { grep -q '^deaf' "$T/deaf"; }
without_deaf() {
        exec {in}>&-
        wait "$deaf"
}

printf '[Stalelibd]\nSettleSec=0\nSweepIntervalSec=1h\n' >"$T/conf"
: >"$T/findings"
start_bus && start_socket && start_daemon || { echo "Bail out! nothing starts"; cat "$T/log"; exit 1; }

# large answers: as many findings, and as much text, as the daemon takes from a scanner

findings 10000 700
manager Sweep >"$T/out"
ok "ten thousand findings are shown" is StaleLibraries "u 10000"
ok "and listed in one answer" listed 10000
ok "with their units" test "$(manager ListUnits | cut -d' ' -f1-2)" = 'a(suu) 100'
ok "and as objects" test "$(busctl tree --list org.stalelib1 | grep -c process/)" = 100
ordered() { printf '%s\n' "$@" | diff - "$T/answers"; }
client ask ListFindings ListUnits >"$T/answers"
ok "who asks while a list is made is answered before it" ordered 'ListUnits 0' 'ListFindings 10000'
findings 1000 700
client ask Sweep ListFindings ListFindings ListFindings ListFindings >"$T/order"
grep ListFindings "$T/order" | uniq >"$T/answers"
ok "and a sweep that ends meanwhile is for the next list" ordered 'ListFindings 10000' 'ListFindings 1000'
findings 10000 700
manager Sweep >"$T/out"
findings 20000 10
ok "twice as many are not believed" grep -q 'The scanner failed: invalid reply' <(manager Sweep 2>&1)
ok "and what was known is still listed" listed 10000
findings 10000 700
ok "a sweep that tells less is taken again" eventually 20 is Degraded 'b false'

# who never reads

eventually 20 quick >"$T/out"
forget_peak
before=$(peak_kib)
with_deaf ListFindings
ok "others are answered while one asks without end" quick
ok "thousands of times" eventually 20 is_deaf
# dbus-daemon, whose memory for messages of ours is full of his, reads no more of us.
ok "and soon again when he has filled the bus with what he does not read" eventually 40 quick
ok "and get the whole list" listed 10000
ok "at a cost of no more than eight such lists" grown 128
without_deaf
ok "and when he is gone" quick

forget_peak
before=$(peak_kib)
with_deaf
eventually 10 is_deaf
for i in {1..6}; do
        findings $((i % 2 ? 0 : 4000)) 700
        manager Sweep >"$T/out"
done
ok "signals that nobody reads keep no one waiting" quick
ok "and are not kept" grown 48
without_deaf

# who sweeps without end

findings 1 1
manager Sweep >"$T/out"
echo slow >"$T/mode"
ok "thousands of calls of Sweep() are all answered" client flood Sweep 8
cp "$T/out" "$T/flood"
ok "with a summary, or that there are too many" awk '{n += $2} END {exit n < 1000}' "$T/flood"
sweeps=$(grep -c 'swept slowly' "$T/scanner-log")
# Two seconds of sweeping at once, and then a tenth of the time.
ok "by a share of the time: $sweeps sweeps of 50 ms in 8 s" test "$sweeps" -gt 10 -a "$sweeps" -lt 75
ok "and the next is a good one" grep -q '^a{sv}' <(manager Sweep 2>&1)
echo ok >"$T/mode"

# who ask for lists at once

findings 2000 10
manager Sweep >"$T/out"
client crowd ListFindings 20 >"$T/answers"
ok "of eighty lists that are asked for at once, 64 are waited for and made" awk '/return/ && $2 >= 64 && $2 < 80 {n++} /error/ && $2 > 0 {n++} END {exit n != 2}' "$T/answers"

# a bus that takes nothing

: >"$T/log"

fill_the_bus() {
        kill -STOP "$bus_pid"
        findings 10000 700 10000 # more than fits in a socket
        kill -USR1 $(scanners)
}
findings 0 0
manager Sweep >"$T/out"
fill_the_bus
ok "a bus that takes nothing is left" eventually 40 logged 'The bus has taken nothing for 10 s'
kill -CONT "$bus_pid"
ok "and the daemon is there again when it does" eventually 20 is StaleLibraries "u 10000"
ok "and lists ten thousand units at once" test "$(timeout 5 busctl call org.stalelib1 /org/stalelib1 org.stalelib1.Manager ListUnits | cut -d' ' -f1-2)" = 'a(suu) 10000'
findings 0 0
manager Sweep >"$T/out"
ok "nothing is stale again" is StaleLibraries "u 0"
fill_the_bus
wrote() { [[ $(stat -c %s "$T/state/known") -gt 2000000 ]]; }
eventually 20 wrote
kill "$daemon_pid"
gone() { ! kill -0 "$daemon_pid" 2>/dev/null; }
ok "such a bus does not keep the daemon from ending" eventually 5 gone
wait "$daemon_pid"
daemon_pid=''
kill -CONT "$bus_pid"

finish
