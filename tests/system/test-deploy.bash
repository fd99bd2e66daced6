#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What stalelib-deploy(7) recommends, taken from the page and done: gates, the drop-in
# for APT, monitoring. The daemon looks only when it is asked, so that it is seen who asks.

. "${0%/*}/frame.bash"

mkdir -p /etc/stalelib/stalelibd.conf.d
printf '[Stalelibd]\nSettleSec=0\nWatch=no\nSweepIntervalSec=infinity\n' >/etc/stalelib/stalelibd.conf.d/50-test.conf
systemd-sysusers
systemctl daemon-reload
systemctl reload dbus.service
ok "the daemon is started" systemctl start stalelibd.service
main_pid() { systemctl show -P MainPID "$1"; }

# The script.

# probe RELOAD: a service with a plugin, and what its reload does.
probe() {
        cat >/etc/systemd/system/probe.service <<END
[Service]
ExecStart=$L/holder /opt/probe/a.so
ExecReload=$1
END
        install -D $L/plugin-1.so /opt/probe/a.so
        systemctl daemon-reload
        systemctl restart probe.service
        eventually 10 mapped probe.service /opt/probe/a.so
}
block '#!/bin/sh' | sed 's/timeout=10/timeout=2/' >deploy-plugin
probe 'kill -HUP $MAINPID'
before=$(main_pid probe)
ok "the manual's script deploys a plugin" sh deploy-plugin probe.service $L/plugin-2.so /opt/probe/a.so
ok "by a reload, where that is enough" test "$(main_pid probe)" = "$before"
probe true
before=$(main_pid probe)
ok "also where a reload is not enough" sh deploy-plugin probe.service $L/plugin-2.so /opt/probe/a.so
ok "by a restart then" test "$(main_pid probe)" != "$before"
ok "and nothing is stale" stalelibctl wait --unit=probe.service --timeout=0

# The gates in units.

# shorten FILE: what the manual waits for is not waited for here.
shorten() { sed -i 's/timeout=30/timeout=1/' "$1" && systemctl daemon-reload; }
if [[ -x /usr/sbin/nginx ]]; then
        ok "nginx is given the manual's drop-in" place /etc/systemd/system/nginx.service.d/stale.conf
        shorten /etc/systemd/system/nginx.service.d/stale.conf
        systemctl start nginx.service
        ok "a reload of nginx succeeds" systemctl reload nginx.service
        # One that the system's manager does not map as well; which that is differs from release to release.
        library=$(awk '!/\/lib(pcre|z\.so|crypt|ssl)/ { next } NR == FNR { managers[$6]; next } !($6 in managers) { print $6; exit }' \
                /proc/1/maps "/proc/$(main_pid nginx)/maps")
        replace "$library" "$library"
        ok "also where the library was put there again" systemctl reload nginx.service
        # The same but for its build-id: another build.
        python3 - "$library" >other.so <<'END'
import re, sys
data = open(sys.argv[1], "rb").read()
note = re.search(rb"\x04\0\0\0[\x08-\x20]\0\0\0\x03\0\0\0GNU\0", data).end()
sys.stdout.buffer.write(data[:note] + bytes([data[note] ^ 1]) + data[note + 1:])
END
        replace "$library" other.so
        ok "and fails where it leaves an old library" not systemctl reload nginx.service
        ok "nginx goes on" systemctl -q is-active nginx.service
        ok "a restart opens the gate" systemctl restart nginx.service
        ok "a reload succeeds again" systemctl reload nginx.service
        systemctl stop nginx.service
fi
place /etc/systemd/system/probe.service.d/stale.conf
shorten /etc/systemd/system/probe.service.d/stale.conf
install $L/plugin-1.so /opt/probe/helper.so
cat >/etc/systemd/system/probe.service <<END
[Service]
KillMode=process
ExecStart=/bin/sh -c '$L/holder /opt/probe/helper.so & exec $L/holder /opt/probe/a.so'
END
systemctl daemon-reload
helper_runs() { grep -qsF /opt/probe/helper.so /proc/[0-9]*/maps; }
ok "a start with nothing left behind succeeds" systemctl restart probe.service
eventually 10 helper_runs
replace /opt/probe/helper.so
ok "and fails where a helper is left with an old library" not systemctl restart probe.service
systemctl kill probe.service
rm -r /etc/systemd/system/probe.service.d
systemctl daemon-reload

# APT.

mkdir -p pkg/DEBIAN pkg/usr/lib/probe
package() {
        printf 'Package: probe\nVersion: %s\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: test\n' "$1" >pkg/DEBIAN/control
        cp "$L/plugin-$1.so" pkg/usr/lib/probe/p.so
        dpkg-deb --build pkg "probe_$1.deb"
}
# Without this machine's other hooks, and without the lists of all packages that there are, which take long to read.
rm -f /etc/apt/apt.conf.d/* /etc/dpkg/dpkg.cfg.d/*
mkdir -p lists/partial
apt_install() { apt-get -q -y -o APT::Sandbox::User=root -o Dir::State::lists=$T/lists --allow-downgrades --reinstall install "./probe_$1.deb" </dev/null; }
hold() { systemctl stop packaged 2>/dev/null; systemd-run --quiet --unit=packaged $L/holder /usr/lib/probe/p.so; eventually 10 mapped packaged /usr/lib/probe/p.so; }
package 1 >/dev/null && package 2 >/dev/null
ok "APT installs a package" apt_install 1
hold
manager Sweep >/dev/null
apt_install 2 >/dev/null 2>&1
ok "nobody has asked for a sweep" not grep -qF packaged.service <(property StaleUnits)
ok "the manual's drop-in is switched on" bash -c "$(command_of 'cp ')"
apt_install 1 >/dev/null 2>&1
hold
ok "an upgrade goes on as before" apt_install 2
ok "and is seen when APT is done" grep -qF packaged.service <(property StaleUnits)
ok "the manual asks what was found" grep -qF packaged.service <(bash -c "$(command_of 'stalelibctl units')")
mv /usr/bin/stalelibctl /usr/bin/stalelibctl.real
printf '#!/bin/sh\nexit 3\n' >/usr/bin/stalelibctl
chmod 755 /usr/bin/stalelibctl
ok "an installation succeeds where the asking fails" apt_install 1
printf '#!/bin/sh\nsleep infinity\n' >/usr/bin/stalelibctl
sed -i 's/timeout 20/timeout 1/' /etc/apt/apt.conf.d/90stalelib
ok "and where it hangs" apt_install 2
mv /usr/bin/stalelibctl.real /usr/bin/stalelibctl
systemctl stop stalelibd.service
ok "and where the daemon is stopped" apt_install 1
ok "which is not started" not systemctl -q is-active stalelibd.service
mv /usr/bin/stalelibctl /usr/bin/stalelibctl.real
ok "and where stalelibctl was removed" apt_install 2
mv /usr/bin/stalelibctl.real /usr/bin/stalelibctl
rm /etc/apt/apt.conf.d/90stalelib
systemctl stop packaged
systemctl start stalelibd.service

# Monitoring.

nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
plugin() { nobody bash -c "$1" >plugin.out; [[ $? == "$2" ]] && grep -q "^STALELIB $3 - .*|" plugin.out || { cat plugin.out; return 1; }; }
nrpe=$(sed -n 's/^command\[check_stalelib\]=//p' $L/stalelib-deploy.7.scd)
manager Sweep >/dev/null
ok "the manual's plugin is well with nothing stale" plugin "$nrpe" 0 OK
install $L/plugin-1.so /opt/probe/n.so
systemd-run --quiet --unit=watched $L/holder /opt/probe/n.so
eventually 10 mapped watched /opt/probe/n.so
replace /opt/probe/n.so
manager Sweep >/dev/null
ok "and warns of what is" plugin "$nrpe" 1 WARNING

mkdir -p /var/lib/prometheus/node-exporter
place /etc/stalelib/stalelibd.conf.d/metrics.conf
ok "the manual lets the daemon into the directory" bash -c "$(command_of chgrp) && $(command_of chmod)"
ok "the manual has it read its configuration" bash -c "$(command_of 'systemctl reload stalelibd')"
manager Sweep >/dev/null
ok "the counts are there for node_exporter to read" eventually 10 nobody grep -q '^stalelib_unit_findings{unit="watched.service",action="[a-z-]*"} 1$' /var/lib/prometheus/node-exporter/stalelib.prom

# From afar: by ssh, to this very host.

if command -v ssh >/dev/null && command -v dropbear >/dev/null; then
        mkdir -m 700 -p /root/.ssh
        ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
        cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
        dropbearkey -t ed25519 -f host-key | sed -n 's/^ssh-ed25519/alpha.example.org &/p' >/root/.ssh/known_hosts
        printf 'Host alpha.example.org\nHostName 127.0.0.1\nHostKeyAlias alpha.example.org\nPort 2222\nBatchMode yes\n' >/root/.ssh/config
        systemd-run --quiet --unit=ssh-server dropbear -F -E -s -r $T/host-key -p 127.0.0.1:2222
        ok "ssh lets one in" eventually 10 ssh root@alpha.example.org true
        ok "what the manual asks from afar is answered" grep -qF '"watched.service" 1 1' <(bash -c "$(command_of busctl)")
        systemctl stop ssh-server
        ok "and not where nobody answers" not bash -c "$(command_of busctl)"
fi
finish
