#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Two booted systems on one loopback of their own: alpha sends its journal, collector
# takes it, and is asked. What alpha has to say comes as comments.

set -euo pipefail
command -v ip >/dev/null && [[ -x /lib/systemd/systemd-journal-remote && -x /lib/systemd/systemd-journal-upload ]] ||
        { echo "1..0 # SKIP needs ip, systemd-journal-remote and systemd-journal-upload"; exit 0; }
[[ $EUID == 0 ]] || { echo "1..0 # SKIP needs root, to boot a system"; exit 0; }

if [[ ${1:-} != inside ]]; then
        exec unshare --net bash "$0" inside
fi
ip link set lo up
NAME=alpha bash "${0%/*}/run.bash" fleet-host --net=host 2>&1 | sed 's/^/# alpha: /' &
alpha=$!
r=0
NAME=collector bash "${0%/*}/run.bash" fleet --net=host || r=$?
wait "$alpha" || :
exit "$r"
