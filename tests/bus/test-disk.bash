#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# No room for what the daemon writes down, or nonsense where it wrote: it says so once, goes
# on, and what lies there is whole.

[[ $(id -u) == 0 ]] || { echo "1..0 # SKIP needs root, for file systems of its own"; exit 0; }
[[ -n ${UNSHARED:-} ]] || UNSHARED=1 exec unshare --mount --propagation private bash "$0"

. "${0%/*}/frame.bash"
need dbus-daemon busctl systemd-socket-activate
SCANNER="$FAKE_SCANNER $T"

no_room() { for d in state metrics; do head -c 1M /dev/zero 2>/dev/null >"$T/$d/fill"; done; }
room() { rm "$T/state/fill" "$T/metrics/fill"; }

# tell FIRST LAST: findings of as many units
tell() {
        local i
        for ((i = $1; i <= $2; i++)); do finding "$i" "/opt/$i.so" replaced "u$i.service"; done >"$T/findings"
        manager Sweep >"$T/out"
}
told_times() { logged_times "$1" "nginx \($2\) still runs the old"; }
restart() {
        stop_daemon "$1"
        : >"$T/log"
        start_daemon
        manager Sweep >"$T/out"
}

mkdir "$T/state" "$T/metrics"
mount -t tmpfs -o size=32k none "$T/state" && mount -t tmpfs -o size=32k none "$T/metrics" || skip_all "no tmpfs to be had"
trap 'umount -l "$T/state" "$T/metrics"; end' EXIT
printf '[Stalelibd]\nSettleSec=0\nSweepIntervalSec=1h\nMetricsFile=%s/metrics/s.prom\n' "$T" >"$T/conf"
tell 100 100 2>/dev/null
start_bus && start_socket && start_daemon || { echo "Bail out! nothing starts"; cat "$T/log"; exit 1; }
ok "metrics are written with the first sweep" eventually 3 grep -q '^stalelib_stale_processes 1$' "$T/metrics/s.prom"
eventually 10 told_times 1 100 >"$T/out"

# a disk that fills

no_room
cp "$T/metrics/s.prom" "$T/before.prom"
tell 100 120
ok "what is found without room is told" eventually 10 told_times 1 120
ok "that it is not written down is said" eventually 10 logged 'Cannot write the state file; .*No space left'
ok "that the metrics are not is said" eventually 10 logged 'Cannot write .*s.prom.*No space left'
for _ in {1..5}; do manager Sweep >"$T/out"; done
sleep 3 # metrics are written two seconds after a sweep
manager Sweep >"$T/out"
ok "the one once, not with each sweep" logged_times 1 'Cannot write the state file'
ok "and the other" logged_times 1 'Cannot write .*s.prom'
ok "the metrics of before stand" cmp "$T/metrics/s.prom" "$T/before.prom"
ok "and nothing else is left" test "$(ls -A "$T/metrics")" = $'fill\ns.prom'
ok "what was written down is of whole lines" test "$(tail -c 1 "$T/state/known" | od -An -c | tr -d ' ')" = '\n' -a "$(ls -A "$T/state")" = $'fill\nknown'
ok "and the daemon answers" is StaleProcesses "u 21"

restart KILL
ok "a start without room is one" is State 's "running"'
ok "and says that it cannot write down" eventually 10 logged_times 1 'Cannot write the state file'
ok "and does not tell again what was written down" told_times 0 100

room
manager Sweep >"$T/out"
ok "with room again it says so" eventually 10 logged_times 1 'The state file is written again'
ok "and writes metrics" eventually 20 grep -q '^stalelib_stale_processes 21$' "$T/metrics/s.prom"
restart KILL
ok "then nothing is told again" told_times 0 '[0-9]*'
ok "and nothing said" not logged 'Cannot write'

# nonsense in the file

truncate -s -20 "$T/state/known"
restart KILL
ok "a file that was cut is said to be" logged_times 1 'Not all of .*/known is valid'
ok "and costs one line" eventually 10 logged_times 1 'still runs the old'
for nonsense in "head -c 3000 /dev/urandom" "echo stalelibd" "head -c 3000 /dev/zero" "yes +"; do
        stop_daemon KILL
        $nonsense 2>/dev/null | head -c 4000 >"$T/state/known"
        : >"$T/log"
        start_daemon
        manager Sweep >"$T/out"
        ok "so is: $nonsense" logged_times 1 'Not all of .*/known is valid'
        ok "and all is told again" eventually 10 logged_times 21 'still runs the old'
done
finish
