#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Libraries that differ in one compiler or linker option only, each held against the
# loader as unload-audit does. Here no answer may differ.
#
#   unload-variants.sh AUDIT HOST
set -eu

audit=$(readlink -f "$1")
host=$(readlink -f "$2")
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"

# Inline functions and unique objects of the standard library, as any plugin has them.
cat >used.cc <<'END'
#include <map>
#include <sstream>
extern "C" int plugin(int x) {
        std::ostringstream s;
        std::map<std::string, int> m;
        s << x;
        m[s.str()] = 1;
        return (int) m.size();
}
END
# Templates of the standard library, instantiated whole.
cat >instances.cc <<'END'
#include <sstream>
template class std::basic_stringbuf<char>;
template class std::basic_string<char>;
extern "C" int plugin(int x) { return x; }
END
cat >thread.cc <<'END'
struct Logger { ~Logger(); };
Logger::~Logger() {}
thread_local Logger logger;
extern "C" void *plugin() { return &logger; }
END
printf 'int plugin(int x) { return x; }\n' >plain.c
printf '{ global: plugin; local: *; };\n' >export.map

n=0
build() {
        n=$((n + 1))
        "$@" -shared -fPIC -o "$n.so"
        printf '%s.so: %s\n' "$n" "$*"
}

for source in used instances; do
        for options in -O0 -O2 "-O2 -fvisibility=hidden" "-O2 -fvisibility=hidden -fvisibility-inlines-hidden" \
                "-O2 -fno-gnu-unique" "-O2 -Wl,-Bsymbolic" "-O0 -Wl,--version-script=export.map" \
                "-O2 -static-libstdc++" "-O2 -static-libstdc++ -Wl,--version-script=export.map"; do
                # shellcheck disable=SC2086 # a list of options
                build g++ $options $source.cc
        done
done
build gcc plain.c
build gcc -Wl,-z,nodelete plain.c
build gcc -Wl,-z,initfirst plain.c
build gcc -Wl,-z,now,-z,nodump plain.c
build gcc plain.c -lcrypto 2>/dev/null || true
build g++ -fno-gnu-unique thread.cc # unloads as long as no thread has used it: "maybe"
if command -v go >/dev/null; then
        printf 'package main\n\nimport "C"\n\n//export Plugin\nfunc Plugin() {}\n\nfunc main() {}\n' >plugin.go
        HOME=$directory GOFLAGS=-mod=mod go build -buildmode=c-shared -o go.so plugin.go
        strip -s -R .note.go.buildid -o go-stripped.so go.so
        rm -f go.h
fi

"$audit" "$host" "$directory" >result
cat result
grep -q ' 0 missed, 1 false alarms' result # that of thread.cc
