# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the tests on a private bus share: a bus, a socket with scanners behind it, a
# daemon, and assertions told as TAP. Needs: STALELIBD, SCANNER (with its arguments).

set -uo pipefail
export LC_ALL=C.UTF-8
unset JOURNAL_STREAM NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID LISTEN_FDS LISTEN_PID

. "${BASH_SOURCE[0]%/*}/../tap.bash"
T=$(mktemp -d "${TMPDIR:-/tmp}/stalelib-bus.XXXXXX")
bus_pid='' socket_pid='' daemon_pid=''

end() {
        local pid
        for pid in $daemon_pid $socket_pid $bus_pid; do
                kill -CONT "$pid" 2>/dev/null
                kill "$pid" 2>/dev/null
        done
        # Scanners end with their connection; one that was stopped does not.
        for pid in $(scanners); do kill -KILL "$pid" 2>/dev/null; done
        wait
        [[ -n ${KEEP:-} ]] || rm -rf "$T"
}
trap end EXIT
trap 'exit 1' INT TERM

why() { tail -qn 6 "$T/out" "$T/log"; }

scanners() {
        local p
        for p in /proc/[0-9]*/cmdline; do
                grep -qzF -- "${SCANNER%% *}" "$p" 2>/dev/null || continue
                tr '\0' ' ' <"$p" 2>/dev/null | grep -qF -- "$T" || is_child "${p%/cmdline}" || continue
                p=${p#/proc/}
                p=${p%/cmdline}
                [[ $p == "$socket_pid" ]] || echo "$p"
        done
}

is_child() { [[ -n $socket_pid && $(awk '/^PPid:/ {print $2}' "$1/status" 2>/dev/null) == "$socket_pid" ]]; }

start_bus() {
        cat >"$T/bus.conf" <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>custom</type><listen>unix:path=$T/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
END
        dbus-daemon --config-file="$T/bus.conf" --nofork 2>>"$T/bus-log" &
        bus_pid=$!
        export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$T/bus
        eventually 10 test -S "$T/bus"
}

start_socket() {
        # shellcheck disable=SC2086
        systemd-socket-activate --accept -l "$T/scanner.sock" $SCANNER 2>>"$T/scanner-log" &
        socket_pid=$!
        eventually 10 test -S "$T/scanner.sock"
}

start_daemon() {
        mkdir -p "$T/state"
        [[ -e $T/conf ]] || : >"$T/conf"
        "$STALELIBD" --bus-address="unix:path=$T/bus" --scanner-socket="$T/scanner.sock" \
                --state-directory="$T/state" --config="$T/conf" "$@" 2>>"$T/log" &
        daemon_pid=$!
        eventually 20 property State >/dev/null 2>&1
}

stop_daemon() {
        kill "-${1:-TERM}" "$daemon_pid"
        wait "$daemon_pid" 2>/dev/null
        local r=$?
        daemon_pid=''
        return $r
}

# finding PID PATH [STATE] [UNIT] [FLAGS]: as the scanner of the tests is told it
finding() {
        local unit=null
        [[ -z ${4:-} ]] || unit="\"$4\""
        printf '{"pid":%d,"start_time":77,"comm":"nginx","exe":"/usr/sbin/nginx","uid":33,"unit":%s,"user_unit":null,"container":null,' "$1" "$unit"
        printf '"path":"%s","loader_name":null,"state":"%s","flags":[%s],' "$2" "${3:-replaced}" "${5:-}"
        printf '"mapped":{"device":"253:0","inode":%d,"build_id":null,"known":true},"disk":{"device":"253:0","inode":9,"build_id":null},"successor":null,' "$(cksum <<<"$2" | cut -d' ' -f1)"
        printf '"pins":[{"reason":"nodelete","certainty":"certain","holder":null,"holder_pins":[],"detail":"DF_1_NODELETE is set"}],"runtimes":["go"],'
        printf '"action":"restart","advice":"systemctl restart nginx.service","message":"nginx (%d) still runs the old %s"}\n' "$1" "$2"
}

manager() { busctl --timeout=20 call org.stalelib1 /org/stalelib1 org.stalelib1.Manager "$@"; }
property() { busctl get-property org.stalelib1 /org/stalelib1 org.stalelib1.Manager "$1"; }
is() { [[ $(property "$1") == "$2" ]] || { echo "$1 is $(property "$1"), not $2" >&2; return 1; }; }
logged() { grep -qE -- "$1" "$T/log"; }
logged_times() { [[ $(grep -cE -- "$2" "$T/log") == "$1" ]] || { echo "$(grep -cE -- "$2" "$T/log") times"; return 1; }; }
