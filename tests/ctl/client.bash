# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the tests of stalelibctl as a client share, behind tests/bus/frame.bash. Needs: STALELIBCTL, T.

unset NO_COLOR SYSTEMD_PAGER PAGER COLUMNS

# finding PID PATH STATE UNIT FLAGS START-TIME: one line of what the scanner finds; UNIT, FLAGS in JSON.
finding() {
        printf '{"pid":%d,"start_time":%d,"comm":"nginx","exe":"/usr/sbin/nginx","uid":33,"unit":%s,"user_unit":null,"container":null,' "$1" "$6" "$4"
        printf '"path":"%s","loader_name":null,"state":"%s","flags":[%s],' "$2" "$3" "$5"
        printf '"mapped":{"device":"253:0","inode":%d,"build_id":null,"known":true},"disk":null,"successor":null,' "$(cksum <<<"$2" | cut -d' ' -f1)"
        printf '"pins":[{"reason":"nodelete","certainty":"certain","holder":null,"holder_pins":[],"detail":"DF_1_NODELETE is set"}],"runtimes":["go"],'
        printf '"action":"restart","advice":"systemctl restart it","message":"nginx (%d) still runs the old %s"}\n' "$1" "$2"
}

# run ARGUMENT…: stalelibctl with its output, errors and status kept.
run() {
        timeout 60 "$STALELIBCTL" "$@" >"$T/answer" 2>"$T/error" </dev/null
        status=$?
}

answers() { [[ $status == "$1" && ! -s $T/error ]] || { echo "status $status"; cat "$T/answer" "$T/error"; return 1; }; }
fails() {
        [[ $status == "$1" && $(wc -l <"$T/error") == 1 ]] && grep -q -- "$2" "$T/error" || { echo "status $status"; cat "$T/error"; return 1; }
}
says() { grep -qE -- "$1" "$T/answer" || { cat "$T/answer"; return 1; }; }
json() { jq -e "$1" "$T/answer" >/dev/null || { cat "$T/answer"; return 1; }; }
