#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# systemd-sysext(8): an extension with a folder of its own is merged over /usr and /opt,
# merged anew, and unmerged. Each file that runs is what it was; what changes are the
# mounts. Nothing of that is an alarm.
#
# /usr is here an overlay over an overlay, as on a live system; /opt one over a tmpfs.

. "${0%/*}/frame.bash"

need systemd-sysext
E=/var/lib/extensions/unrelated
# extension NUMBER: with one more file of its own each time.
extension() {
        mkdir -p $E/usr/lib/extension-release.d $E/usr/share/unrelated $E/opt/unrelated
        echo ID=_any >$E/usr/lib/extension-release.d/extension-release.unrelated
        touch "$E/usr/share/unrelated/file-$1" "$E/opt/unrelated/file-$1"
}
# What sysext does; extended attributes may be lacking where the test runs.
extended() { systemd-sysext "$@" >$T/sysext 2>&1; }

mkdir -p /opt && mount -t tmpfs opt /opt
extension 1
extended merge && extended unmerge || skip_all "no system extension can be merged here: $(tail -n 1 $T/sysext)"

mkdir -p /etc/stalelib/stalelibd.conf.d
printf '[Stalelibd]\nSettleSec=0\nSweepIntervalSec=5min\n' >/etc/stalelib/stalelibd.conf.d/50-test.conf
systemd-sysusers
systemctl daemon-reload
systemctl reload dbus.service 2>/dev/null || systemctl reload dbus-broker.service
systemctl start stalelibd.service

# urgencies COMMAND: of the findings that stalelibctl lists so, each once.
urgencies() { stalelibctl "$1" --json=short | grep -oE '"urgency":"[a-z]+"' | sort -u; }
calm() {
        manager Sweep >/dev/null
        for from in list scan; do
                urgencies $from | grep -v '"none"' || continue
                stalelibctl $from --json=short | grep -oE '\{"pid".*' | head -c 2000 >&2
                return 1
        done
}
quiet() { told_times 0 added && told_times 0 many-added && told_times 0 removed && told_times 0 many-removed; }
all_is_calm() {
        ok "$1: nothing is of an urgency" calm
        ok "$1: nothing is in the journal" quiet
        ok "$1: nothing is waited for" stalelibctl wait --timeout=10s
        ok "$1: the plugin says OK" stalelibctl check
}

service before /opt/probe/before.so
service named /opt/probe/named.so
manager Sweep >/dev/null
all_is_calm "before"

ok "the extension is merged" extended merge
ok "its folder is there" test -e /usr/share/unrelated/file-1 -a -e /opt/unrelated/file-1
all_is_calm "merged"

# Of a service that is started now, the kernel may print another path.
holder() {
        systemd-run --quiet --unit="$1" $L/holder /opt/probe/named.so
        eventually 10 grep -q /named.so "/proc/$(systemctl show -P MainPID "$1")/maps"
}
holder during
all_is_calm "merged, and a service started"

extension 2
ok "the extension is merged anew" extended refresh
ok "its new file is there" test -e /usr/share/unrelated/file-2
holder later
all_is_calm "refreshed"

ok "the extension is unmerged" extended unmerge
ok "its folder is gone" test ! -e /usr/share/unrelated
all_is_calm "unmerged"

# What is an upgrade is told all the same.
replace /opt/probe/before.so
manager Sweep >/dev/null
ok "an upgrade is told" eventually 10 told_times 1 added STALELIB_UNIT=before.service
finish
