# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the tests in a booted system share. Runs inside of it, as root.

set -uo pipefail
L=/usr/lib/stalelib-tests
T=/run/stalelib-tests
mkdir -p $T
cd $T || exit 1
. "${BASH_SOURCE[0]%/*}/tap.bash"

why() {
        tail -n 8 $T/out
        journalctl -q --no-pager -n 12 -o short-monotonic -u 'stalelib*'
}

# The journal's entries of a kind, as they stand in message-ids.h.
declare -A id=(
        [added]=0ccceb29c7f74a278b084f8cbb6a1bb8 [removed]=6815417cc68748459cf4a22c6772bc57
        [many-added]=9a9259ab9a5d475b80989a4b227f4d1a [many-removed]=19754301f36d42239e867bc3bc7d973e
        [degraded]=205fcb8fc2f94b79aea147c95a8f22ea [recovered]=50cc619979aa4a71bad07f53ea09b9a9
)
told() {
        local kind=$1
        shift
        journalctl -q --sync 2>/dev/null
        journalctl -q --no-pager -o cat MESSAGE_ID="${id[$kind]}" "$@" | grep .
}
told_times() { local n=$1; shift; [[ $(told "$@" | grep -c .) == "$n" ]] || { told "$@" >&2; return 1; }; }

manager() { busctl --timeout=30 call org.stalelib1 /org/stalelib1 org.stalelib1.Manager "$@"; }
property() { busctl get-property org.stalelib1 /org/stalelib1 org.stalelib1.Manager "$1"; }
is() { [[ $(property "$1") == "$2" ]] || { echo "$1 is $(property "$1"), not $2" >&2; return 1; }; }

# service NAME LIBRARY…: a service that holds libraries, of which each is plugin 1.
service() {
        local name=$1
        shift
        for library; do install -D $L/plugin-1.so "$library"; done
        systemd-run --quiet --unit="$name" $L/holder "$@"
        for library; do eventually 10 mapped "$name" "$library"; done
}
mapped() { grep -qF -- "$2" "/proc/$(systemctl show -P MainPID "$1")/maps" 2>/dev/null; }
# As dpkg does it.
replace() {
        cp "${2:-$L/plugin-2.so}" "$1.new"
        mv "$1.new" "$1"
}

# A block of the manual's chapter on deployments, by its first line; and the file that it is, put into its place.
block() {
        awk -v first="$1" '$0 == "```" { inside = !inside; shown = 0; begins = 1; next }
                inside && begins { shown = $0 == first; begins = 0 }
                inside && shown' $L/stalelib-deploy.7.scd
}
place() {
        mkdir -p "${1%/*}"
        block "# $1" >"$1"
        [[ -s $1 ]]
}
# The first command of the chapter that begins so, without its prompt.
command_of() { sed -n "s/^[#\$] \($1.*\)/\1/p" $L/stalelib-deploy.7.scd | head -n1; }
