#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The package's life: installed, upgraded, removed, purged.

. "${0%/*}/frame.bash"

export DEBIAN_FRONTEND=noninteractive
lintian_is_content() { cat $L/lintian; [[ $(head -n1 $L/lintian) == 0 ]]; }
enabled() { find /etc/systemd/system /var/lib/systemd/deb-systemd-helper-enabled -name 'stalelib*' | grep .; }
package_state() { dpkg-query -W -f '${db:Status-Status}' stalelibd; }

ok "it can be built, and lintian is content" lintian_is_content
ok "it installs" dpkg --force-confold -i $L/1.deb
ok "its users are there" getent passwd stalelibd stalelib-scanner
ok "and its group" getent group stalelib
ok "the daemon runs at once" eventually 20 systemctl is-active stalelibd.service
ok "and after the next boot" systemctl is-enabled stalelibd.service stalelib-scanner.socket
ok "the bus knows it" eventually 10 manager Sweep
ok "others see the counts, and nothing else" eventually 10 setpriv --reuid=65534 --regid=65534 --clear-groups \
        busctl get-property org.stalelib1 /org/stalelib1 org.stalelib1.Manager StaleProcesses
ok "the catalog has its messages" journalctl --dump-catalog "${id[added]}"
ok "the command asks the daemon" stalelibctl status --no-pager
ok "the manual is there" test -e /usr/share/man/man1/stalelibctl.1.gz

mkdir -p /etc/stalelib/stalelibd.conf.d
printf '[Stalelibd]\nSettleSec=0\n' >/etc/stalelib/stalelibd.conf.d/mine.conf
systemctl reload stalelibd.service
service victim /opt/probe/a.so
manager Sweep >/dev/null
replace /opt/probe/a.so
manager Sweep >/dev/null
ok "a finding is told" eventually 10 told_times 1 added STALELIB_UNIT=victim.service

pid=$(systemctl show -P MainPID stalelibd.service)
ok "it upgrades" dpkg --force-confold -i $L/2.deb
ok "which restarts the daemon" eventually 20 test "$(systemctl show -P MainPID stalelibd.service)" != "$pid"
ok "that runs" eventually 20 systemctl is-active stalelibd.service
ok "and reads its configuration" test -e /etc/stalelib/stalelibd.conf.d/mine.conf
ok "nothing of it is stale itself" not grep -qE 'stalelib-scanne|stalelibd' <(stalelibctl scan --no-pager --no-legend)
manager Sweep >/dev/null
ok "and nothing is told twice" told_times 1 added STALELIB_UNIT=victim.service

echo '# by the administrator' >>/etc/stalelib/stalelibd.conf
ok "it is removed" dpkg -r stalelibd
ok "the daemon is gone" not pgrep -x stalelibd
ok "and the scanner" eventually 10 not pgrep -x stalelib-scanne
ok "the socket is closed" not test -e /run/stalelib/scanner.sock
ok "the configuration stays" grep -q administrator /etc/stalelib/stalelibd.conf
ok "it can be installed again" dpkg --force-confold -i $L/1.deb
ok "and runs" eventually 20 systemctl is-active stalelibd.service
ok "with the configuration that was there" grep -q administrator /etc/stalelib/stalelibd.conf

ok "it is purged" dpkg -P stalelibd
ok "the configuration is gone" not test -e /etc/stalelib/stalelibd.conf
ok "nothing enables it any more" not enabled
ok "the catalog has forgotten it" eventually 10 not journalctl --dump-catalog "${id[added]}"
ok "dpkg has, too" not package_state

finish
