#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The service as it is installed, in a system of its own: what operators do with it.

. "${0%/*}/frame.bash"

mkdir -p /etc/stalelib/stalelibd.conf.d
printf '[Stalelibd]\nSettleSec=0\nSweepIntervalSec=5min\n' >/etc/stalelib/stalelibd.conf.d/50-test.conf
ok "the commands of README.md enable and start it" bash -ec "$(sed -n '/^systemd-sysusers$/,/^```$/{ /^```$/!p }' $L/README.md)"
ok "it is enabled" systemctl -q is-enabled stalelibd.service
ok "its catalog can be read" journalctl --update-catalog
ok "it is running, and says what it sees" grep -qE '[0-9]+ of [0-9]+ processes run [0-9]+ stale libraries' <(systemctl show -P StatusText stalelibd.service)
ok "the front has no capability" grep -qE '^CapEff:\s0+$' "/proc/$(systemctl show -P MainPID stalelibd.service)/status"
ok "the scanner has the three" grep -qE '^CapPrm:\s0000010000080004$' "/proc/$(pgrep -x stalelib-scanne)/status"
# Where the kernel has slices of a process's own, and shows them (Linux 6.12).
slice() { awk '$1 == "se.slice" { print $3 }' "/proc/$1/sched"; }
if [[ $(slice self) && $(printf '6.12\n%s\n' "$(uname -r)" | sort -V | head -n 1) = 6.12 ]]; then
        ok "whoever wakes up comes before the scanner" test "$(slice "$(pgrep -x stalelib-scanne)")" = 100000000
fi
ok "they are two users" test "$(stat -c %U "/proc/$(pgrep -x stalelib-scanne)")" = stalelib-scanner -a "$(stat -c %U "/proc/$(pgrep -x stalelibd)")" = stalelibd
ok "nothing is unknown" grep -qF '"unknown" t 0' <(manager Sweep)

# An upgrade, and what is told of it.

service victim /opt/probe/a.so
manager Sweep >/dev/null
replace /opt/probe/a.so
ok "an upgrade is seen without being asked" eventually 5 told_times 1 added STALELIB_UNIT=victim.service
ok "the entry has the path" told_times 1 added STALELIB_PATH=/opt/probe/a.so STALELIB_STATE=replaced
ok "and the pid" told_times 1 added OBJECT_PID="$(systemctl show -P MainPID victim)"
ok "journalctl -x explains it" grep -qF 'A process keeps what it has mapped' <(journalctl -x --no-pager MESSAGE_ID="${id[added]}")
ok "busctl shows the finding" grep -qF '"path" s "/opt/probe/a.so"' <(manager ListFindings)
ok "busctl tree shows the process" grep -qF "/org/stalelib1/process/$(systemctl show -P MainPID victim)" <(busctl tree org.stalelib1)
ok "the unit is named" is StaleUnits 'as 1 "victim.service"'
systemctl stop victim
service victim /opt/probe/a.so
ok "a restart clears it" eventually 10 is StaleProcesses "u 0" || manager Sweep
manager Sweep >/dev/null
ok "and is told" told_times 1 removed STALELIB_REASON=exited STALELIB_UNIT=victim.service

# dpkg itself.

mkdir -p pkg/DEBIAN pkg/usr/lib/probe
package() {
        printf 'Package: probe\nVersion: %s\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: test\n' "$1" >pkg/DEBIAN/control
        cp "$L/plugin-$1.so" pkg/usr/lib/probe/p.so
        dpkg-deb --build pkg "probe_$1.deb" >/dev/null
}
package 1 && package 2
dpkg -i probe_1.deb >/dev/null 2>&1
systemd-run --quiet --unit=packaged $L/holder /usr/lib/probe/p.so
eventually 10 mapped packaged /usr/lib/probe/p.so
manager Sweep >/dev/null
dpkg -i probe_2.deb >/dev/null 2>&1
ok "an upgrade by dpkg is seen" eventually 10 told_times 1 added STALELIB_UNIT=packaged.service STALELIB_STATE=replaced
systemctl stop packaged
dpkg -i probe_2.deb >/dev/null 2>&1
systemd-run --quiet --unit=packaged $L/holder /usr/lib/probe/p.so
eventually 10 mapped packaged /usr/lib/probe/p.so
manager Sweep >/dev/null
dpkg -i probe_2.deb >/dev/null 2>&1
manager Sweep >/dev/null
ok "a reinstall of the same is no alarm" told_times 1 added STALELIB_UNIT=packaged.service
ok "but counted apart" is SameContentProcesses "u 1"
ok "and listed" grep -qF '"flags" as 1 "same-content" "urgency" s "none"' <(manager ListFindings)
systemctl stop packaged

# An upgrade that cleans up after itself.

printf '[Stalelibd]\nSettleSec=2\n' >/etc/stalelib/stalelibd.conf.d/60-settle.conf
ok "the configuration is reloaded" systemctl reload stalelibd.service
service quick /opt/probe/q.so
manager Sweep >/dev/null
replace /opt/probe/q.so
manager Sweep >/dev/null
ok "it is seen" grep -qF quick.service <(property StaleUnits)
systemctl restart quick 2>/dev/null || { systemctl stop quick; systemd-run --quiet --unit=quick $L/holder /opt/probe/q.so; }
sleep 2.5 # longer than it would have taken to be told
manager Sweep >/dev/null
ok "a service that is restarted in time is not told" told_times 0 added STALELIB_UNIT=quick.service
rm /etc/stalelib/stalelibd.conf.d/60-settle.conf
systemctl reload stalelibd.service
systemctl stop quick

# A storm.

storm=()
for i in {1..14}; do storm+=("/opt/storm/$i.so"); done
service storm "${storm[@]}"
manager Sweep >/dev/null
for f in "${storm[@]}"; do cp $L/plugin-2.so "$f.new"; done
systemctl stop stalelibd.service
for f in "${storm[@]}"; do mv "$f.new" "$f"; done
systemctl start stalelibd.service
ok "a storm is told in part" eventually 5 told_times 10 added STALELIB_UNIT=storm.service
ok "and summed up" told_times 1 many-added STALELIB_UNIT=storm.service STALELIB_FINDINGS=4
systemctl restart stalelibd.service
manager Sweep >/dev/null
ok "and not told again after a restart" told_times 10 added STALELIB_UNIT=storm.service
systemctl stop storm
manager Sweep >/dev/null

# Configuration and metrics.

install -d -o stalelibd /var/lib/prometheus/node-exporter
printf '[Stalelibd]\nMetricsFile=/var/lib/prometheus/node-exporter/stalelib.prom\nBlue=yes\n' >/etc/stalelib/stalelibd.conf.d/70-metrics.conf
systemctl restart stalelibd.service
ok "metrics are written" eventually 10 test -s /var/lib/prometheus/node-exporter/stalelib.prom
! command -v promtool >/dev/null || ok "promtool finds them right" promtool check metrics </var/lib/prometheus/node-exporter/stalelib.prom
ok "a bad line is warned about" grep -qF '70-metrics.conf:3: unknown setting Blue=, ignoring' <(journalctl -q --no-pager -u stalelibd -p warning)
ok "--cat-config shows the files" grep -qF '# /etc/stalelib/stalelibd.conf.d/70-metrics.conf' <(stalelibd --cat-config)
rm /etc/stalelib/stalelibd.conf.d/70-metrics.conf

# A finding that cannot be judged any more, and can again.

service covered /opt/probe/covered.so
manager Sweep >/dev/null
replace /opt/probe/covered.so
ok "a finding is told" eventually 10 told_times 1 added STALELIB_UNIT=covered.service
# Without openat2(2) no path can be resolved.
scanner_with() {
        mkdir -p /run/systemd/system/stalelib-scanner@.service.d
        printf '[Service]\n%b\n' "$1" >/run/systemd/system/stalelib-scanner@.service.d/test.conf
        systemctl daemon-reload
        systemctl restart stalelibd.service
        manager Sweep >/dev/null
}
scanner_with 'SystemCallFilter=~openat2'
ok "it stays when nothing can be judged" grep -qF '"flags" as 1 "unconfirmed"' <(manager ListFindings)
ok "what could not be judged is listed" grep -qF '"path" s "/opt/probe/covered.so"' <(manager ListUnknown)
ok "and that it could not be is said" is State 's "degraded"'
ok "and why" grep -q 'openat2(2) is missing or denied' <(property DegradedReason)
scanner_with 'AmbientCapabilities=\nAmbientCapabilities=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH\nCapabilityBoundingSet=\nCapabilityBoundingSet=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH'
ok "a capability that is missing is said" grep -q 'CAP_CHECKPOINT_RESTORE is missing' <(property DegradedReason)
manager Sweep >/dev/null
manager Sweep >/dev/null
ok "once by each of the two" told_times 2 degraded
ok "and nothing is said to be gone" told_times 0 removed STALELIB_UNIT=covered.service
rm -r /run/systemd/system/stalelib-scanner@.service.d
systemctl daemon-reload
systemctl restart stalelibd.service
manager Sweep >/dev/null
ok "with all that is needed it is well" is State 's "running"'
ok "and the finding confirmed" not grep -qF unconfirmed <(manager ListFindings)
ok "and not told again" told_times 1 added STALELIB_UNIT=covered.service
systemctl stop covered
manager Sweep >/dev/null
ok "its end is" eventually 10 told_times 1 removed STALELIB_UNIT=covered.service STALELIB_REASON=exited

# Hostile times.

systemctl stop stalelibd.service
ok "a call on the bus starts it" grep -q '^u' <(property ProcessesChecked)
ok "it is active then" systemctl -q is-active stalelibd.service

mkdir -p /run/systemd/system/stalelibd.service.d
printf '[Service]\nWatchdogSec=2\nRestartSec=50ms\n' >/run/systemd/system/stalelibd.service.d/test.conf
systemctl daemon-reload
systemctl restart stalelibd.service
before=$(systemctl show -P MainPID stalelibd.service)
kill -STOP "$before"
running_again() { systemctl -q is-active stalelibd.service && [[ $(systemctl show -P MainPID stalelibd.service) != "$before" ]]; }
ok "a frozen daemon is killed by its watchdog, and started again" eventually 20 running_again
printf '[Service]\nRestartSec=50ms\n' >/run/systemd/system/stalelibd.service.d/test.conf
systemctl daemon-reload
systemctl restart stalelibd.service

service kept /opt/probe/kept.so
manager Sweep >/dev/null
replace /opt/probe/kept.so
eventually 10 told_times 1 added STALELIB_UNIT=kept.service
# Between two starts it has no main process, but 0, which to kill(1) is the test itself.
kill_daemon() {
        local pid
        pid=$(systemctl show -P MainPID stalelibd.service)
        ((pid > 0)) && kill -KILL "$pid" 2>/dev/null
}
for i in {1..50}; do
        manager Sweep >/dev/null 2>&1 &
        sleep "0.0$((RANDOM % 10))"
        pkill -KILL -x stalelib-scanne
        sleep "0.0$((RANDOM % 10))"
        eventually 10 kill_daemon
        sleep "0.$((RANDOM % 3))"
        # What becomes stale while nobody looks, must be told afterwards.
        if ((i == 25)); then
                service late /opt/probe/late.so
                replace /opt/probe/late.so
        fi
done
ok "it comes back after a hundred kills" eventually 20 is State 's "running"'
manager Sweep >/dev/null
ok "what was told is not told again" told_times 1 added STALELIB_UNIT=kept.service
ok "what was missed is told" eventually 10 told_times 1 added STALELIB_UNIT=late.service
ok "both are listed" is StaleUnits 'as 2 "kept.service" "late.service"'
ok "no scanner is left over" eventually 10 test "$(pgrep -cx stalelib-scanne)" = 1

systemctl restart systemd-journald.service
service after-journald /opt/probe/j.so
manager Sweep >/dev/null
replace /opt/probe/j.so
ok "journald may be restarted" eventually 10 told_times 1 added STALELIB_UNIT=after-journald.service
before=$(systemctl show -P MainPID stalelibd.service)
systemctl restart dbus.service
ok "the bus may be restarted" eventually 20 is State 's "running"'
ok "under the same daemon" test "$(systemctl show -P MainPID stalelibd.service)" = "$before"

# An upgrade of the daemon itself.

cp /usr/sbin/stalelibd /usr/sbin/stalelibd.new
mv /usr/sbin/stalelibd.new /usr/sbin/stalelibd
manager Sweep >/dev/null
ok "it finds itself" grep -qF '"path" s "/usr/sbin/stalelibd"' <(manager ListFindings)
ok "and tells nothing, since it is the same" told_times 0 added STALELIB_UNIT=stalelibd.service
systemctl restart stalelibd.service
manager Sweep >/dev/null
ok "and that is over then" not grep -qF '"path" s "/usr/sbin/stalelibd"' <(manager ListFindings)
ok "and tells nothing again" told_times 1 added STALELIB_UNIT=kept.service

# The units themselves.

# PrivateIPC= is of systemd 248: before that, it is warned of and left out.
verify() { systemd-analyze verify --man=no stalelibd.service stalelib-scanner.socket stalelib-scanner@1.service 2>&1; }
ok "systemd-analyze finds the units right" not grep -vE "Unknown key name 'PrivateIPC' in section 'Service', ignoring" <(verify)
exposure() { systemd-analyze security --no-pager "$1" | sed -nE 's/.*exposure level .*: ([0-9.]+) .*/\1/p'; }
ok "the front's exposure is at most 1.5" awk "BEGIN { exit !($(exposure stalelibd.service) <= 1.5) }"
ok "the scanner's at most 2.5" awk "BEGIN { exit !($(exposure stalelib-scanner@1.service) <= 2.5) }"
ok "it stops in time" systemctl stop stalelibd.service
ok "and did not fail" test "$(systemctl show -P Result stalelibd.service)" = success
finish
