#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs the examples of the manual pages (lines that begin with "$ "), with a daemon and
# a journal to answer them. Needs: STALELIBCTL, STALELIBD, FAKE_SCANNER, PLUGIN, SOURCE.

. "${0%/*}/../bus/frame.bash"
need dbus-daemon busctl systemd-socket-activate jq
SCANNER="$FAKE_SCANNER $T"
REMOTE=/lib/systemd/systemd-journal-remote

mkdir "$T/bin" "$T/journal"
ln -s "$STALELIBCTL" "$T/bin/stalelibctl"
cp "$PLUGIN" "$T/plugin.so"
cd "$T" || exit 1
PATH=$T/bin:$PATH

printf '{"pid":100,"start_time":77,"comm":"nginx","exe":"/usr/sbin/nginx","uid":33,"unit":"nginx.service","user_unit":null,"container":null,"path":"/opt/a.so","loader_name":null,"state":"replaced","flags":[],"mapped":{"device":"253:0","inode":5,"build_id":null,"known":true},"disk":null,"successor":null,"pins":[],"runtimes":[],"action":"restart","advice":"systemctl restart nginx.service","message":"stale"}\n' >"$T/findings"
: >"$T/conf"
start_bus && start_socket && start_daemon || { echo "Bail out! nothing starts"; exit 1; }
if [[ -x $REMOTE ]]; then
        printf '%s\n' __REALTIME_TIMESTAMP=1795755600000000 __MONOTONIC_TIMESTAMP=1 _BOOT_ID=00000000000000000000000000000001 _HOSTNAME=alpha \
                _SYSTEMD_UNIT=stalelibd.service MESSAGE_ID=0ccceb29c7f74a278b084f8cbb6a1bb8 MESSAGE=stale PRIORITY=4 \
                STALELIB_PATH=/usr/lib/libssl.so.3 STALELIB_UNIT=nginx.service '' | $REMOTE -o "$T/journal/remote.journal" - >>"$T/log" 2>&1
fi

# Answered, or a gate that did not open, or a plugin's state; a pipe has to succeed as a whole.
example() {
        local status
        # shellcheck disable=SC2016
        timeout 60 bash -o pipefail -c "$1" </dev/null
        status=$?
        echo "status $status"
        case $1 in
        *\|*) ((status == 0)) ;;
        *' check '*) ((status <= 3)) ;;
        *' wait '*) ((status == 0 || status == 1 || status == 3)) ;;
        *) ((status == 0)) ;;
        esac
}

for page in "$SOURCE"/man/*.scd; do
        while IFS= read -r line; do
                line=${line#\$ }
                case $line in
                *journalctl*-D*) [[ -x $REMOTE ]] || continue ;;
                journalctl*) line+=" -D $T/journal" ; [[ -x $REMOTE ]] || continue ;;
                *--directory=* | *' -D '*) [[ -x $REMOTE ]] || continue ;;
                esac
                line=${line//\/var\/log\/journal\/remote/$T/journal}
                ok "$(basename "$page" .scd): ${line//#/}" example "$line"
        done < <(grep '^\$ ' "$page")
done
ok "there are examples" test $tests -ge 15

finish
