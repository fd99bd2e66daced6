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
. "$here/../tap.bash"
for tool in rpmbuild rpm scdoc pkg-config; do
        command -v $tool >/dev/null || skip_all "needs $tool"
done
pkg-config --exists systemd || skip_all "needs systemd.pc"

T=$(mktemp -d "${TMPDIR:-/var/tmp}/stalelib-rpm.XXXXXX")
trap 'rm -rf "$T"' EXIT
spec=$source/rpm/stalelibd.spec
version=$(sed -n "s/.*version: '\([0-9.]*\)'.*/\1/p" "$source/meson.build" | head -n1)
build() { rpmbuild --load "$here/macros.rpm" -bb --nodeps -D "_topdir $T" -D "_tmppath $T" "$spec"; }
mkdir "$T/SOURCES"
tar -C "$source" --exclude=./.git --exclude='./build*' --transform "s,^\.,stalelibd-$version," -czf "$T/SOURCES/stalelibd-$version.tar.gz" .
DESTDIR=$T/dest meson install -C "$BUILD" --no-rebuild >/dev/null
ok "the spec is of this version" grep -qE "^Version: +${version//./\\.}$" "$spec"
ok "it can be built" build
package=$(ls "$T"/RPMS/*/stalelibd-*.rpm 2>/dev/null)
ok "and is there" test -n "$package"
((failed == 0)) || finish

# All that is installed, once, and no more than that: files and the directories that are ours alone.
query() { rpm -qp --dbpath "$T/db" "$@" "$package" 2>/dev/null; }
installed() {
        (cd "$T/dest" && find . ! -type d -printf '/%P\n' -o -type d -path '*/stalelib*' -printf '/%P\n') |
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

finish
