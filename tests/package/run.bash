#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the Debian package, has lintian look at it, and boots a system in which it is
# installed, upgraded, removed and purged.

set -euo pipefail
source=$1
here=${0%/*}

[[ $EUID == 0 ]] || { echo "1..0 # SKIP needs root, to boot a system"; exit 0; }
for tool in dh dpkg-buildpackage lintian systemd-nspawn; do
        command -v $tool >/dev/null || { echo "1..0 # SKIP needs $tool"; exit 0; }
done
lacks=$(dpkg-checkbuilddeps "$source/debian/control" 2>&1) || { echo "1..0 # SKIP needs ${lacks##*: }"; exit 0; }
grep -q cgroup2 /proc/filesystems && grep -q overlay /proc/filesystems || { echo "1..0 # SKIP needs cgroup2 and overlayfs"; exit 0; }

D=$(mktemp -d "${TMPDIR:-/var/tmp}/stalelib-package.XXXXXX")
chmod 755 "$D"
trap 'rm -rf "$D"' EXIT
mkdir -p "$D/source" "$D/root/usr/lib/stalelib-tests"
tar -C "$source" --exclude=./.git --exclude='./build*' -c . | tar -C "$D/source" -x
if ! (cd "$D/source" && DEB_BUILD_OPTIONS=nocheck dpkg-buildpackage -us -uc) >"$D/log" 2>&1; then
        echo "not ok 1 - it can be built"
        tail -n 20 "$D/log" | sed 's/^/# /'
        echo 1..1
        exit 1
fi
# The sources hold broken files by intent, and the version is not one of Debian's.
lintian --fail-on error,warning --suppress-tags bogus-mail-host,initial-upload-closes-no-bugs "$D"/*.changes >"$D/lintian" 2>&1 && r=0 || r=$?

T=$D/root/usr/lib/stalelib-tests
deb=$(ls "$D"/stalelibd_*.deb | grep -v dbgsym)
cp "$deb" "$T/1.deb"
dpkg-deb -R "$deb" "$D/next"
sed -i 's/^Version: .*/Version: 99/' "$D/next/DEBIAN/control"
echo '# Of the next version.' >>"$D/next/etc/stalelib/stalelibd.conf"
dpkg-deb --root-owner-group -b "$D/next" "$T/2.deb" >/dev/null
cp "$HOLDER" "$T/holder"
cp "$PLUGIN_1" "$T/plugin-1.so"
cp "$PLUGIN_2" "$T/plugin-2.so"
cp "$here/test-package.bash" "$here/../system/frame.bash" "$here/../tap.bash" "$T/"
{
        echo "$r"
        cat "$D/lintian"
} >"$T/lintian"
"$here/../system/boot" --destdir="$D/root" -- /bin/bash /usr/lib/stalelib-tests/test-package.bash
