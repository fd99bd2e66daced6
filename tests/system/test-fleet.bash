#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The host that collects the journals, its own too, as the manual sets it up; and the
# manual's questions, asked there.

. "${0%/*}/frame.bash"
R=/var/log/journal/remote

ok "the manual's drop-in is there" place /etc/systemd/system/systemd-journal-remote.service.d/http.conf
mkdir -p /etc/stalelib/stalelibd.conf.d
printf '[Stalelibd]\nSettleSec=0\n' >/etc/stalelib/stalelibd.conf.d/50-test.conf
systemd-sysusers
install -d -o systemd-journal-remote $R
systemctl daemon-reload
systemctl reload dbus.service
ok "journals are collected" systemctl start systemd-journal-remote.socket
systemctl start stalelibd.service
service relay /opt/relay/filter.so
manager Sweep >/dev/null
replace /opt/relay/filter.so
ok "an upgrade is told here" eventually 20 told_times 1 added STALELIB_UNIT=relay.service
place /etc/systemd/journal-upload.conf
sed -i 's,//.*:,//127.0.0.1:,' /etc/systemd/journal-upload.conf
ok "this host sends its journal as well" systemctl start systemd-journal-upload.service

arrived() { [[ -n $(journalctl -q -D $R MESSAGE_ID="${id[added]}" _HOSTNAME="$1" 2>/dev/null) ]]; }
ok "what alpha has seen arrives" eventually 150 arrived alpha
ok "and what was seen here" eventually 60 arrived collector

# asked BEGINNING LINE…: the manual's command that begins so answers with lines that have this in them, each.
asked() {
        local command answer
        command=$(command_of "$1")
        shift
        [[ -n $command ]] || { echo "the manual has no such command"; return 1; }
        answer=$(bash -o pipefail -c "$command") || return 1
        echo "$answer"
        for line; do grep -qE -- "$line" <<<"$answer" || { echo "no $line"; return 1; }; done
}
ok "what happened, host by host" asked "stalelibctl history" ' alpha \+ .*/opt/probe/libssl.so.3' ' collector \+ .*/opt/relay/filter.so'
ok "which hosts" asked "journalctl .*_HOSTNAME'" '^ +1 alpha$' '^ +1 collector$'
ok "which units" asked "journalctl -q .*STALELIB_UNIT'" '^ +1 probe.service$'
ok "one host's units only" test "$(bash -c "$(command_of "journalctl -q .*STALELIB_UNIT'")" | wc -l)" = 1
ok "who runs an old copy of a library" asked "stalelibctl history .*libssl" '^alpha probe.service$'
ok "and nobody else" test "$(bash -c "$(command_of 'stalelibctl history .*libssl')" | wc -l)" = 1
ok "and why" asked "stalelibctl history .*STALELIB_PINS" '^ +1 open-handles /opt/probe/libssl.so.3$' '^ +1 open-handles /opt/relay/filter.so$'
ok "what others write with our ids arrives" test "$(journalctl -q -D $R -o cat MESSAGE_ID="${id[removed]}")" = forged
ok "but is not taken for ours" not grep -q forged <(stalelibctl history -n 0 -D $R)
systemctl stop systemd-journal-upload.service systemd-journal-remote.socket systemd-journal-remote.service
finish
