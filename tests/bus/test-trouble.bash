#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A scanner that hangs, dies, or talks nonsense costs a line and a new connection.

. "${0%/*}/frame.bash"
need dbus-daemon busctl systemd-socket-activate
SCANNER="$FAKE_SCANNER $T"

printf '[Stalelibd]\nSettleSec=0\nSweepIntervalSec=1h\nScannerTimeoutSec=2s\n' >"$T/conf"
start_bus && start_socket && start_daemon || { echo "Bail out! nothing starts"; cat "$T/log"; exit 1; }

mode() { echo "$1" >"$T/mode"; : >"$T/log"; }
one_line() { logged_times 1 'Not everything can be examined'; }
swept_again() { is State 's "running"' && logged 'Everything can be examined again'; }

ok "all is well at first" is State 's "running"'

# What the scanner is missing, as long as it is.
mode ok
echo 8 >"$T/missing"
for _ in 1 2 3; do manager Sweep >"$T/summary"; done
ok "a capability that is missing makes it degraded" is State 's "degraded"'
ok "and is named" grep -q 'CAP_CHECKPOINT_RESTORE is missing' <(property DegradedReason)
ok "at the cost of one line" one_line
echo 0 >"$T/missing"
manager Sweep >"$T/summary"
ok "until it is there" eventually 5 swept_again
echo 4096 >"$T/missing"
ok "what is no requirement makes no sense" grep -q 'The scanner failed: invalid reply' <(manager Sweep 2>&1)
rm "$T/missing"
eventually 20 is State 's "running"' >/dev/null

# What could not be judged, that is told wrongly.
for m in unlooked no-unknown bad-unknown; do
        mode $m
        echo "100 77 1 5 /a.so" >"$T/unknown"
        ok "$m of unknown mappings: the caller of Sweep() is told" grep -q 'The scanner failed: invalid reply' <(manager Sweep 2>&1)
        : >"$T/unknown"
        echo ok >"$T/mode"
        ok "$m of unknown mappings: it recovers" eventually 20 swept_again
done

# The timeout is long enough for a scanner to start on a busy machine.
for m in nonsense unlooked bad-finding no-progress keeps-other asks error; do
        mode $m
        [[ $m != unlooked && $m != bad-finding && $m != no-progress && $m != keeps-other ]] ||
                echo '{"pid":100,"start_time":77,"comm":"a","exe":null,"uid":0,"unit":null,"user_unit":null,"container":null,"path":"/a.so","loader_name":null,"state":"deleted","flags":[],"mapped":{"device":"1:1","inode":4,"build_id":null,"known":true},"disk":null,"successor":null,"pins":[],"runtimes":[],"action":"restart","advice":"a","message":"m"}' >"$T/findings"
        ok "$m: the caller of Sweep() is told" grep -q 'The scanner failed' <(manager Sweep 2>&1)
        ok "$m: it is degraded" is Degraded 'b true'
        ok "$m: and takes nothing of it" is StaleProcesses 'u 0'
        : >"$T/findings"
        echo ok >"$T/mode"
        ok "$m: it recovers with another scanner" eventually 20 swept_again
        ok "$m: at the cost of one line" one_line
done

: >"$T/log"
kill -KILL $(scanners)
ok "a killed scanner is replaced, without being asked" eventually 20 swept_again
ok "at the cost of one line" one_line

mode stop
manager Sweep >"$T/sweep" 2>&1 &
sleep 0.1
slowest=0
for i in {1..20}; do
        start=${EPOCHREALTIME/./}
        property StaleProcesses >/dev/null
        took=$((${EPOCHREALTIME/./} - start))
        ((took <= slowest)) || slowest=$took
done
ok "answers while a scanner hangs" test $slowest -lt 500000
wait $!
ok "a stopped scanner is found to hang" grep -q 'it hangs' "$T/sweep"
echo ok >"$T/mode"
ok "and another one takes over" eventually 20 swept_again
kill -KILL $(scanners) 2>/dev/null
eventually 10 is State 's "running"' >/dev/null

mode hang
ok "a hanging process is named" grep -q 'it hangs, looking at process 4242' <(manager Sweep 2>&1)
ok "and left out" eventually 10 is DegradedReason 's "1 process is left out, where a scanner hung or died."'
ok "sweeps go on without it" grep -q '^a{sv}' <(manager Sweep 2>&1)
ok "at the cost of one line" one_line
stop_daemon

mode ok
start_daemon
mode hang-user
ok "one process of a user hangs" grep -q "looking at process 5000" <(manager Sweep 2>&1)
ok "after the third all of his are left out" eventually 20 is DegradedReason \
        's "3 processes are left out, where a scanner hung or died. The processes of user 1000 are left out, since scanners hung or died at too many of them."'
ok "and sweeps go on without him" grep -q '^a{sv}' <(manager Sweep 2>&1)
stop_daemon

mode ok
start_daemon
mode hang-file
ok "a file that hangs is named by its device" grep -q 'process 4242 and a file on device 0:45' <(manager Sweep 2>&1)
ok "and the device left out" eventually 10 is DegradedReason 's "The files of 1 device are left out, where a scanner hung."'
stop_daemon

mode ok
start_daemon
mode die
manager Sweep >"$T/out" 2>&1
ok "what kills scanners is left out the second time" eventually 20 is DegradedReason 's "1 process is left out, where a scanner hung or died."'
stop_daemon

mode pipe
: >"$T/log"
start_daemon
ok "a beacon that is no memory is refused" eventually 5 logged 'invalid reply'
stop_daemon
mode ok

kill $socket_pid
wait $socket_pid 2>/dev/null
rm -f "$T/scanner.sock"
: >"$T/log"
start_daemon
ok "starts without a scanner" is Degraded 'b true'
ok "and says where it looks for one" logged 'cannot be reached at .*scanner.sock'
start_socket
ok "and takes the first that comes" eventually 20 swept_again

kill $bus_pid
wait $bus_pid 2>/dev/null
rm -f "$T/bus"
start_bus
ok "comes back to a bus that was restarted" eventually 10 is State 's "running"'

cp "$T/conf" "$T/conf.good"
printf '[Stalelibd]\nSweepIntervalSec=often\nColour=red\n[Other]\nx=y\nMetricsFile=%s/m.prom\n' "$T" >"$T/conf"
kill -HUP "$daemon_pid"
ok "a bad line is warned about, with its place" eventually 5 logged "conf:2: SweepIntervalSec= wants a time span.*not \"often\""
ok "so is an unknown setting" logged 'conf:3: unknown setting Colour='
ok "and a section of another program" logged 'conf:4: unknown section \[Other\]'
ok "and none of them ends it" is State 's "running"'
finish
