#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# inspect: the answer, its exit status, and what cannot be inspected. Usage: inspect.sh STALELIBCTL PLAIN NODELETE
. "$(dirname "$0")/lib.sh"
cp "$1" "$WORK/plain.so"
cp "$2" "$WORK/nodelete.so"

run inspect "$WORK/plain.so"
result "a plain library is answered" answers 0
result "it would unload" says "plain.so: would unload$"
run inspect --check "$WORK/plain.so"
result "--check is satisfied" answers 0
run inspect "$WORK/nodelete.so"
result "a library that stays is 1" answers 1
result "it would not unload" says "nodelete.so: would not unload$"
result "with the reason" says '^  nodelete: DF_1_NODELETE'
run inspect "$WORK/plain.so" "$WORK/nodelete.so" "$WORK/plain.so"
result "one of many that stays is 1" answers 1
result "all of them are told" test "$(grep -c 'unload$' "$WORK/out")" = 3
run inspect -q "$WORK/nodelete.so"
result "--quiet answers by status" answers 1
result "and with nothing else" is_silent
run inspect --json=short "$WORK/plain.so" "$WORK/nodelete.so"
result "JSON has both" json '[(f["unload"], f["error"]) for f in r["files"]] == [("yes", None), ("no", None)]'
result "JSON has every member" json 'all(set(f) == {"path", "unload", "soname", "build_id", "runtimes", "needed", "obstacles", "error"} for f in r["files"])'
result "JSON has the obstacle" json '[(o["verdict"], o["reason"]) for o in r["files"][1]["obstacles"] if o["verdict"] != "yes"] == [("no", "nodelete")]'

if [ -e /usr/lib/x86_64-linux-gnu/libstdc++.so.6 ]; then
        run inspect /usr/lib/x86_64-linux-gnu/libstdc++.so.6
        result "unique symbols keep libstdc++" says '^  gnu-unique: '
else
        skip "unique symbols keep libstdc++" "there is none"
fi

run inspect /no/such
result "a file that there is not" fails 3 '/no/such cannot be inspected: No such file'
run inspect "$WORK"
result "a directory" fails 3 'Is a directory'
echo text >"$WORK/text"
run inspect "$WORK/text"
result "a file that is not ELF" fails 3 'it is not an ELF file'
: >"$WORK/empty"
run inspect "$WORK/empty"
result "an empty file" fails 3 'it is not an ELF file'
head -c 100 "$WORK/plain.so" >"$WORK/cut"
run inspect "$WORK/cut"
result "a file that was cut" fails 3 'it is a broken ELF file'
run inspect "$CTL"
result "a program" fails 3 'no shared library'
mkfifo "$WORK/fifo"
run inspect "$WORK/fifo"
result "a FIFO does not hang it" fails 3 'it is not an ELF file'
run inspect /dev/zero
result "nor does a device" fails 3 'it is not an ELF file'
run inspect "$WORK/nodelete.so" /no/such
result "an error outweighs an answer" test "$STATUS" = 3
result "which is given all the same" says "would not unload"
run inspect --json=short "$WORK/plain.so" /no/such
result "JSON tells the error" json 'r["files"][1]["unload"] is None and r["files"][1]["error"] == "No such file or directory"'
cp "$WORK/plain.so" "$WORK/$(printf 'a\nb\033[31m.so')"
run inspect "$WORK/$(printf 'a\nb\033[31m.so')"
result "a name with control characters is escaped" says 'a\\x0ab\\x1b\[31m.so: would unload$'

finish
