#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Who may ask what: root, members of the group, and others.

. "${0%/*}/frame.bash"

mkdir -p /etc/stalelib/stalelibd.conf.d
printf '[Stalelibd]\nSettleSec=0\n' >/etc/stalelib/stalelibd.conf.d/50-test.conf
systemd-sysusers
systemctl daemon-reload
systemctl reload dbus.service 2>/dev/null || systemctl reload dbus-broker.service
systemctl start stalelibd.service

service victim /opt/probe/a.so
manager Sweep >/dev/null
replace /opt/probe/a.so
manager Sweep >/dev/null
pid=$(systemctl show -P MainPID victim)

other() { setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; }
# Not nobody with one more group: dbus-daemon before 1.14 asks the user database, not the socket.
useradd --system --groups stalelib member
member() { setpriv --reuid=member --regid=member --init-groups "$@"; }
m=(org.stalelib1 /org/stalelib1 org.stalelib1.Manager)
p=(org.stalelib1 "/org/stalelib1/process/$pid" org.stalelib1.Process)

for who in member ''; do
        name=${who:-root}
        ok "$name may sweep" $who busctl call "${m[@]}" Sweep
        ok "$name may list findings" $who busctl call "${m[@]}" ListFindings
        ok "$name may list what could not be judged" $who busctl call "${m[@]}" ListUnknown
        ok "$name may have one explained" $who busctl call "${m[@]}" Explain u "$pid"
        ok "$name may see a process" $who busctl get-property "${p[@]}" StaleLibraries
        ok "$name may see all objects" $who busctl call org.stalelib1 /org/stalelib1 org.freedesktop.DBus.ObjectManager GetManagedObjects
done
ok "others may see the counts" other busctl get-property "${m[@]}" StaleProcesses
ok "others may introspect" other busctl introspect org.stalelib1 /org/stalelib1
ok "others may ping" other busctl call org.stalelib1 /org/stalelib1 org.freedesktop.DBus.Peer Ping
ok "others may not sweep" not other busctl call "${m[@]}" Sweep
ok "others may not list findings" not other busctl call "${m[@]}" ListFindings
ok "others may not list what could not be judged" not other busctl call "${m[@]}" ListUnknown
ok "others may not have one explained" not other busctl call "${m[@]}" Explain u "$pid"
ok "others may not see a process" not other busctl get-property "${p[@]}" StaleLibraries
ok "others may not see all objects" not other busctl call org.stalelib1 /org/stalelib1 org.freedesktop.DBus.ObjectManager GetManagedObjects
ok "nobody may set anything" not busctl set-property "${m[@]}" SweepInterval t 1
ok "others may not take the name" not other busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus RequestName su org.stalelib1 3

# Signals: a listener of each kind while something becomes stale.
rule="type='signal',sender='org.stalelib1'"
other timeout 6 dbus-monitor --system "$rule" >others.signals 2>/dev/null &
member timeout 6 dbus-monitor --system "$rule" >members.signals 2>/dev/null &
sleep 1
service second /opt/probe/b.so
manager Sweep >/dev/null
replace /opt/probe/b.so
manager Sweep >/dev/null
wait
ok "members hear of findings" grep -q 'member=FindingAdded' members.signals
ok "others do not" not grep -qE 'member=(FindingAdded|FindingRemoved|InterfacesAdded)|/opt/probe' others.signals

ok "others may not reach a scanner" not other python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("/run/stalelib/scanner.sock")'
ok "nor may members" not member python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("/run/stalelib/scanner.sock")'
ok "nor does anybody see what was told" not other cat /run/stalelibd/known
finish
