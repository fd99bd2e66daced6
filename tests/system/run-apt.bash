#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Fetches a library of Debian's, in the version that is installed here and in another where
# there is one, and reinstalls it in a booted system, which then needs no network.

set -euo pipefail
skip() { echo "1..0 # SKIP $1"; exit 0; }
[[ -x /usr/sbin/nginx && -e /lib/systemd/system/nginx.service ]] || skip "needs nginx"
command -v apt-get >/dev/null || skip "needs apt-get"
# Of each, nginx and systemd have one.
package=libpcre2-8-0
grep -q libpcre2-8 <(ldd /usr/sbin/nginx) || package=libcrypt1
installed=$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null) || skip "needs $package"

D=$(mktemp -d "${TMPDIR:-/var/tmp}/stalelib-debs.XXXXXX")
trap 'rm -rf "$D"' EXIT
fetch() {
        log=$(cd "$D" && timeout -k 5 60 apt-get -q -o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15 \
                -o APT::Sandbox::User=root download "$package=$1" 2>&1 </dev/null)
}
fetch "$installed" || skip "$package $installed cannot be had: $(tail -n1 <<<"$log" | cut -c1-200)"
for version in $(apt-cache madison "$package" | awk '{ print $3 }'); do
        [[ $version == "$installed" ]] || { fetch "$version" && break; }
done
FILES=$D bash "${0%/*}/run.bash" apt "$@"
