#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Services that are scripts, with the capabilities that systemd-nspawn leaves a
# container by default: without CAP_CHECKPOINT_RESTORE, the files of map_files cannot be
# opened. What is not known is unknown, and no finding.

. "${0%/*}/frame.bash"

ok "the capability is not there" bash -c '! setpriv --dump | grep -i "bounding" | grep -q checkpoint_restore'

mkdir -p /etc/stalelib/stalelibd.conf.d
printf '[Stalelibd]\nSettleSec=0\nSweepIntervalSec=5min\n' >/etc/stalelib/stalelibd.conf.d/50-test.conf
systemd-sysusers
systemctl daemon-reload
systemctl reload dbus.service 2>/dev/null || systemctl reload dbus-broker.service
ok "the daemon starts" systemctl start stalelibd.service

mkdir -p /opt/scripts
chmod 755 /opt/scripts
# script NAME INTERPRETER [USER]: a service that is a script, and waits.
script() {
        printf '#!%s\necho running\nwhile :; do sleep 600; done\n' "$2" >"/opt/scripts/$1"
        chmod 755 "/opt/scripts/$1"
        systemd-run --quiet --unit="$1" --uid="${3:-root}" "/opt/scripts/$1"
        ok "$1 runs" eventually 10 runs "$1"
}
runs() { journalctl -q --sync; journalctl -q --no-pager -o cat -u "$1" | grep -qx running; }

script of-sh /bin/sh
script of-bash '/bin/bash -e'
script of-env '/usr/bin/env bash'
script of-nobody /bin/sh nobody
script replaced /bin/sh
script removed /bin/bash
printf '#!/bin/sh -e\nexit 1\n' >/opt/scripts/new
chmod 755 /opt/scripts/new
mv /opt/scripts/new /opt/scripts/replaced
rm /opt/scripts/removed

# no_finding COMMAND…: it lists none.
no_finding() {
        "$@" --json=short >"$T/report" || return
        ! grep -oE '\{"pid":[0-9]+,"start_time".*' "$T/report"
}
for name in of-sh of-bash of-env of-nobody replaced removed; do
        pid=$(systemctl show -P MainPID $name)
        ok "$name has no finding by pid" no_finding stalelibctl scan --pid="$pid"
done
ok "no script has one among all" no_finding stalelibctl scan
ok "as that user, stalelibctl lists none" no_finding setpriv --reuid=nobody --regid=nogroup --clear-groups stalelibctl scan
manager Sweep >/dev/null
ok "the daemon has none" is StaleUnits "as 0"
ok "nothing is told" told_times 0 added
finish
