#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs into a directory, and runs one of the tests here in a system that is booted with it.
# NAME: its host name. FILES: a directory of what else the test finds beside itself.

set -euo pipefail
test=$1
shift

[[ $EUID == 0 ]] || { echo "1..0 # SKIP needs root, to boot a system"; exit 0; }
command -v systemd-nspawn >/dev/null || { echo "1..0 # SKIP needs systemd-nspawn"; exit 0; }
grep -q cgroup2 /proc/filesystems && grep -q overlay /proc/filesystems || { echo "1..0 # SKIP needs cgroup2 and overlayfs"; exit 0; }

D=$(mktemp -d "${TMPDIR:-/var/tmp}/stalelib-system.XXXXXX")
chmod 755 "$D"
trap 'rm -rf "$D"' EXIT
DESTDIR=$D meson install -C "$BUILD" --no-rebuild >/dev/null
mkdir -p "$D/usr/lib/stalelib-tests"
cp "$HOLDER" "$D/usr/lib/stalelib-tests/holder"
cp "$PLUGIN_1" "$D/usr/lib/stalelib-tests/plugin-1.so"
cp "$PLUGIN_2" "$D/usr/lib/stalelib-tests/plugin-2.so"
cp "${0%/*}/../../man/stalelib-deploy.7.scd" "${0%/*}/../../README.md" "$D/usr/lib/stalelib-tests/"
if [[ -n ${NAME:-} ]]; then
        mkdir -p "$D/etc"
        echo "$NAME" >"$D/etc/hostname"
fi
[[ -z ${FILES:-} ]] || cp "$FILES"/* "$D/usr/lib/stalelib-tests/"
cp "${0%/*}/test-$test.bash" "${0%/*}/frame.bash" "${0%/*}/../tap.bash" "$D/usr/lib/stalelib-tests/"
"${0%/*}/boot" --destdir="$D" "$@" -- /bin/bash "/usr/lib/stalelib-tests/test-$test.bash"
