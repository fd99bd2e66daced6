#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A library of Debian's, used by nginx, the bus and systemd itself, is reinstalled and
# upgraded by APT, with Debian's own packages and Debian's own services.

. "${0%/*}/frame.bash"

for deb in $L/*.deb; do package=$(dpkg-deb -f "$deb" Package); done
version=$(dpkg-query -W -f '${Version}' $package)
library=$(dpkg-query -L $package | grep '\.so\.' | xargs -r realpath | sort -u | head -n1)

# Without this machine's other hooks of APT, one of which would restart the services.
rm -f /etc/apt/apt.conf.d/* /etc/dpkg/dpkg.cfg.d/*
cp $L/*.deb /var/cache/apt/archives/
apt_install() {
        DEBIAN_FRONTEND=noninteractive timeout -k 5 200 apt-get -q -y -o APT::Sandbox::User=root --no-download --allow-downgrades "$@" </dev/null
}
nginx() { systemctl show -P MainPID nginx.service; }
# The processes that map the library as it is now; and those that are found to be stale.
users() { grep -lF -- " $library" /proc/[0-9]*/maps 2>/dev/null | tr -dc '0-9\n' | sort; }
stale() { stalelibctl list --json=short | python3 -c 'import json, sys
for f in json.load(sys.stdin)["findings"]:
    if f["path"] == sys.argv[1]: print(f["pid"])' "$library" | sort; }
# All that is left of who used it before is stale, and nobody else is.
all_found() {
        local expected
        manager Sweep >/dev/null
        expected=$(for pid in $before; do [[ -e /proc/$pid/exe ]] && echo "$pid"; done)
        diff <(echo "$expected") <(stale)
}

mkdir -p /etc/stalelib/stalelibd.conf.d
printf '[Stalelibd]\nSettleSec=1\nSweepIntervalSec=5min\n' >/etc/stalelib/stalelibd.conf.d/50-test.conf
systemd-sysusers
systemctl daemon-reload
systemctl reload dbus.service
systemctl start nginx.service
systemctl start stalelibd.service
manager Sweep >/dev/null
ok "nginx uses the library" grep -qF -- "$library" "/proc/$(nginx)/maps"
ok "and nothing is stale" is StaleProcesses "u 0"

# The same again.

before=$(users)
ok "APT reinstalls $package $version" apt_install install --reinstall "$package=$version"
listed() { grep -qF "\"path\" s \"$library\"" <(manager ListFindings); }
ok "that is seen without being asked" eventually 10 listed
ok "as of the same content" grep -qF '"same-content" "urgency" s "none"' <(manager Explain u "$(nginx)")
ok "and what would end it" grep -qF 'systemctl restart nginx.service' <(manager Explain u "$(nginx)")
ok "busctl tree shows the process" grep -qF "/org/stalelib1/process/$(nginx)" <(busctl tree org.stalelib1)
ok "all who use it are found, systemd as well" all_found
sleep 1.5 # longer than it takes until something is logged
manager Sweep >/dev/null
ok "it is no alarm: nothing is logged" told_times 0 added
ok "no process is stale" is StaleProcesses "u 0"
ok "and no unit" is StaleUnits "as 0"

systemctl restart nginx.service
cleared() { manager Sweep >/dev/null && ! grep -qxF "$(nginx)" <(stale); }
ok "a restart of nginx clears it" eventually 10 cleared
ok "and nothing is logged of that, either" told_times 0 removed

# Another version.

other=$(for deb in $L/*.deb; do dpkg-deb -f "$deb" Version; done | grep -vxF -- "$version")
if [[ -n $other ]]; then
        n=$(pgrep -cx nginx)
        ok "APT installs $package $other" apt_install install "$package=$other"
        journal=(journalctl -q --no-pager "MESSAGE_ID=${id[added]}" STALELIB_UNIT=nginx.service)
        ok "which is worth a warning, for each process of nginx once" eventually 10 told_times "$n" added STALELIB_UNIT=nginx.service PRIORITY=4
        ok "with both builds' ids" grep -q 'STALELIB_DISK_BUILD_ID=.' <("${journal[@]}" -o verbose)
        ok "the entry names the main process" grep -qF "$library" <("${journal[@]}" OBJECT_PID="$(nginx)")
        ok "stalelibctl wait closes the gate" not stalelibctl wait --unit=nginx.service --timeout=0
        systemctl restart nginx.service
        ok "a restart opens it" eventually 10 stalelibctl wait --unit=nginx.service --timeout=0
        manager Sweep >/dev/null
        ok "and is logged" eventually 5 told_times "$n" removed STALELIB_UNIT=nginx.service STALELIB_REASON=exited
        ok "nginx is no unit with stale libraries" not grep -qF nginx.service <(property StaleUnits)
fi

# systemd itself.

ok "systemd is stale still" grep -qxF 1 <(stale)
ok "and it is said what ends that" grep -qF 'systemctl daemon-reexec' <(manager Explain u 1)
systemctl daemon-reexec
manager Sweep >/dev/null
ok "which it does" not grep -qxF 1 <(stale)
ok "nothing went wrong meanwhile" is State 's "running"'
finish
