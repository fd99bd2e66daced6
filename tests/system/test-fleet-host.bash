#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The host whose journal is sent: see run-fleet.bash.

. "${0%/*}/frame.bash"

mkdir -p /etc/stalelib/stalelibd.conf.d
printf '[Stalelibd]\nSettleSec=0\n' >/etc/stalelib/stalelibd.conf.d/50-test.conf
systemd-sysusers
systemctl daemon-reload
systemctl reload dbus.service
ok "the daemon is started" systemctl start stalelibd.service
service probe /opt/probe/libssl.so.3
manager Sweep >/dev/null
replace /opt/probe/libssl.so.3
ok "an upgrade is told" eventually 20 told_times 1 added STALELIB_UNIT=probe.service
printf '%s\n' "MESSAGE_ID=${id[removed]}" MESSAGE=forged PRIORITY=4 | logger --journald
collecting() { (exec 3<>/dev/tcp/127.0.0.1/19532) 2>/dev/null; }
ok "somebody collects" eventually 120 collecting
ok "the manual's configuration is there" place /etc/systemd/journal-upload.conf
sed -i 's,//.*:,//127.0.0.1:,' /etc/systemd/journal-upload.conf
ok "the journal is sent" systemctl start systemd-journal-upload.service
ok "until the collector has had enough" eventually 150 not collecting
finish
