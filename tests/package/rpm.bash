#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: rpm.bash SOURCE (and BUILD in the environment)
#
# Builds the RPM package with stand-ins for the macros of an RPM system, and holds it
# against what meson installs. It is not installed: there is no such system here.

set -uo pipefail
source=$1
here=${0%/*}
for tool in rpmbuild rpm scdoc pkg-config; do
        command -v $tool >/dev/null || { echo "1..0 # SKIP needs $tool"; exit 0; }
done
pkg-config --exists systemd || { echo "1..0 # SKIP needs systemd.pc"; exit 0; }

D=$(mktemp -d "${TMPDIR:-/var/tmp}/stalelib-rpm.XXXXXX")
trap 'rm -rf "$D"' EXIT
tests=0 failed=0
ok() {
        local description=$1
        shift
        tests=$((tests + 1))
        if "$@" >"$D/out" 2>&1; then
                echo "ok $tests - $description"
        else
                failed=$((failed + 1))
                echo "not ok $tests - $description"
                tail -n 20 "$D/out" | sed 's/^/# /'
        fi
}

spec=$source/rpm/stalelibd.spec
version=$(sed -n "s/.*version: '\([0-9.]*\)'.*/\1/p" "$source/meson.build" | head -n1)
build() { rpmbuild --load "$here/macros.rpm" -bb --nodeps -D "_topdir $D" -D "_tmppath $D" "$spec"; }
mkdir "$D/SOURCES"
tar -C "$source" --exclude=./.git --exclude='./build*' --transform "s,^\.,stalelibd-$version," -czf "$D/SOURCES/stalelibd-$version.tar.gz" .
DESTDIR=$D/dest meson install -C "$BUILD" --no-rebuild >/dev/null
ok "the spec is of this version" grep -qE "^Version: +${version//./\\.}$" "$spec"
ok "it can be built" build
package=$(ls "$D"/RPMS/*/stalelibd-*.rpm 2>/dev/null)
[[ $package ]] || { echo "1..$tests"; exit 1; }

# All that is installed, once, and no more than that: files and the directories that are ours alone.
query() { rpm -qp --dbpath "$D/db" "$@" "$package" 2>/dev/null; }
installed() {
        (cd "$D/dest" && find . ! -type d -printf '/%P\n' -o -type d -path '*/stalelib*' -printf '/%P\n') |
                sed 's,/zsh/vendor-completions/,/zsh/site-functions/,'
}
docs() { printf '%s\n' /usr/share/doc/stalelibd{,/README.md,/ARCHITECTURE.md,/SECURITY.md} /usr/share/licenses/stalelibd{,/LICENSE}; }
packed() { query -l | sed -E '/\/man\//s/\.gz$//; s,^/usr/share/(doc|licenses)/stalelibd-[0-9.]+,/usr/share/\1/stalelibd,' | sort; }
ok "all that is installed is in it, and no more" diff <(installed | cat - <(docs) | sort) <(packed)
ok "its configuration is the administrator's" test "$(query -c)" = /etc/stalelib/stalelibd.conf
for script in 'systemd_post stalelibd.service stalelib-scanner.socket' \
        'systemd_preun stalelibd.service stalelib-scanner.socket' 'systemd_postun_with_restart stalelibd.service'; do
        ok "its scripts call ${script%% *}" grep -qx ": $script" <(query --scripts)
done
ok "it needs what it is linked to" grep -q '^libsystemd\.so' <(query --requires)
ok "no macro is left in them" test -z "$(query --scripts | grep -F %)"

echo "1..$tests"
((failed == 0))
