#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Holds the manual pages, the help texts and the completions against the code.
# Usage: docs.sh STALELIBCTL WORDS SOURCE_ROOT [DAEMON…]
. "$(dirname "$0")/../ctl/lib.sh"
WORDS=$1
SOURCE=$2
shift 2
MAN=$SOURCE/man

# all_in FILE PATTERN_PREFIX PATTERN_SUFFIX: each line of standard input stands in the file between the two.
all_in() {
        local line missing=''
        while read -r line; do
                grep -qF -- "$2$line$3" "$1" || missing="$missing $line"
        done
        [ -z "$missing" ] || echo "$(basename "$1") lacks:$missing" >>"$WORK/err"
        [ -z "$missing" ]
}

: >"$WORK/err"
: >"$WORK/out"

# options HELP: its long options, of stalelibctl also the short ones that stand alone.
options() {
        grep -oE '^ +(-[a-zA-Z] )? *--[a-z-]+' "$1" | grep -oE -- '--[a-z-]+'
}

# documented_options PAGE: those that have an entry of their own.
documented_options() {
        grep -E '^\*-' "$1" | grep -oE -- '--[a-z-]+' | sort -u
}

for program in "$CTL" "$@"; do
        name=$(basename "$program")
        page=$(ls "$MAN/$name".[18].scd)
        "$program" --help >"$WORK/help" </dev/null
        "$program" -h >"$WORK/help-h" </dev/null
        result "$name --help is the same as -h" cmp -s "$WORK/help" "$WORK/help-h"
        result "$name --help fits 80 columns" awk 'length > 80 { bad = 1 } END { exit bad }' "$WORK/help"
        result "$name --help has options" test "$(options "$WORK/help" | wc -l)" -ge 2
        result "every option of $name is in its page" all_in "$page" '*' '' < <(options "$WORK/help")
        result "every option in the page of $name is in --help" all_in "$WORK/help" '' '' < <(documented_options "$page")
done

"$CTL" --help >"$WORK/help"
commands() {
        sed -n '/^Commands/,/^Options/s/^  \([a-z]*\) .*/\1/p' "$WORK/help" | sort
}
result "there are commands" test "$(commands | wc -l)" -ge 11
result "every command is in the page" all_in "$MAN/stalelibctl.1.scd" '*' '*' < <(commands)
result "bash completes every command" all_in "$SOURCE/ctl/completion/stalelibctl.bash" '' '' < <(commands)
result "zsh completes every command" all_in "$SOURCE/ctl/completion/_stalelibctl" "'" ':' < <(commands)
result "bash completes every option" all_in "$SOURCE/ctl/completion/stalelibctl.bash" '' '' < <(options "$WORK/help")
result "zsh completes every option" all_in "$SOURCE/ctl/completion/_stalelibctl" '' '' < <(options "$WORK/help")

# Plain English in the terms of the field: phrases that a kernel or systemd engineer would not write. Ordinary words
# (print, report, stand, look up) may be used where they mean just that.
phrases='whoever|whomever|\bwhom\b|look(s|ed)? at\b|\bthe look at\b|met in the middle|does not let itself|makes? no sense|is no (command|option|process id)|let in here|\bthe rooms?\b|the way of the data|rules of the hand|\bzoo\b|\banimals?\b|\bherd\b|\bteller\b|\bledger\b|\bglance\b|\btwins?\b|in the eyes of|\bnobody\b|told falsely|hangs? on\b'
# without FILE…: fails with each line that has one of them.
without() {
        ! grep -nEi "$phrases" "$@" >>"$WORK/err"
}
result "pages are free of phrases that are not of the field" without "$MAN"/*.scd "$SOURCE"/*.md "$SOURCE"/docs/*/*.md
result "so are sources" without $(find "$SOURCE/common" "$SOURCE/daemon" "$SOURCE/ctl" -name '*.[ch]')
printf 'Whoever is looked at\n' >"$WORK/planted"
with() { ! without "$@"; }
result "a planted one is found" with "$WORK/planted"
: >"$WORK/err"

# section PAGE NAME: its text.
section() {
        awk -v name="# $2" '/^# / { inside = $0 == name } inside' "$1"
}
statuses() { sed -n 's/^        STATUS_[A-Z_]* = \([0-9]\).*/\1/p' "$SOURCE/ctl/command.h"; }
result "there are exit statuses" test "$(statuses | wc -l)" = 5
section "$MAN/stalelibctl.1.scd" "EXIT STATUS" >"$WORK/statuses"
result "every exit status has an entry" all_in "$WORK/statuses" '*' '*' < <(statuses)
result "and no other" test "$(grep -cE '^\*[0-9]\*$' "$WORK/statuses")" = 5
section "$MAN/stalelibctl.1.scd" "MONITORING PLUGIN" >"$WORK/plugin"
DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent "$CTL" check --pid=$$ >"$WORK/out"
data() { sed 's/.*|//' "$WORK/out" | grep -oE '[a-z_]+=' | tr -d =; }
result "there are performance data" test "$(data | wc -l)" -ge 7
result "all are in the page" all_in "$WORK/plugin" '*' '*' < <(data)

"$WORDS" >"$WORK/words"
kind() { sed -n "s/^$1 //p" "$WORK/words"; }
for kind in state pin certainty action runtime flag urgency; do
        result "every $kind has an entry in stalelibctl(1)" all_in "$MAN/stalelibctl.1.scd" '*' '*' < <(kind $kind)
done
result "every reason of unknown is in stalelibctl(1)" all_in "$MAN/stalelibctl.1.scd" '_' '_' < <(kind unknown)
result "and in org.stalelib1(5)" all_in "$MAN/org.stalelib1.5.scd" 'unknown_' '' < <(kind unknown)
for page in org.stalelib1.5 stalelib-journal.7; do
        result "every way for a finding to go is in $page" all_in "$MAN/$page.scd" '_' '_' < <(kind removal)
done

if [ -e "$SOURCE/daemon/config.c" ]; then
        settings() { sed -n 's/^ *{ "\([A-Z][A-Za-z]*\)", set_.*/\1/p' "$SOURCE/daemon/config.c"; }
        result "there are settings" test "$(settings | wc -l)" -ge 9
        result "every setting is in stalelibd.conf(5)" all_in "$MAN/stalelibd.conf.5.scd" '*' '=*' < <(settings)
        documented() { sed -n 's/^\*\([A-Z][A-Za-z]*\)=\*$/\1/p' "$MAN/stalelibd.conf.5.scd" | sort; }
        result "and no other" test "$(documented)" = "$(settings | sort)"

        members() { sed -n 's/^ *SD_BUS_\(METHOD_WITH_ARGS\|PROPERTY\|SIGNAL_WITH_ARGS\)("\([A-Za-z]*\)".*/\2/p' "$SOURCE"/daemon/bus*.c; }
        result "there are members of the bus" test "$(members | wc -l)" -ge 30
        result "every member is in org.stalelib1(5)" all_in "$MAN/org.stalelib1.5.scd" '*' '*' < <(members)
        errors() { grep -ohE 'org\.stalelib1\.Error\.[A-Za-z]+' "$SOURCE"/daemon/*.[ch] | sort -u; }
        result "every error is in org.stalelib1(5)" all_in "$MAN/org.stalelib1.5.scd" '*' '*' < <(errors)

        ids() { grep -oE '"[0-9a-f]{32}"' "$SOURCE/daemon/message-ids.h" | tr -d '"'; }
        result "there are message ids" test "$(ids | wc -l)" -ge 6
        result "every message id is in stalelib-journal(7)" all_in "$MAN/stalelib-journal.7.scd" '*' '*' < <(ids)
        documented_ids() { grep -oE '^\*[0-9a-f]{32}\*' "$MAN/stalelib-journal.7.scd" | tr -d '*' | sort; }
        result "and no other" test "$(documented_ids)" = "$(ids | sort)"
        fields() { grep -ohE '"STALELIB_[A-Z_]+[="]' "$SOURCE/daemon/journal.c" | tr -d '"=' | sort -u; }
        result "every field is in stalelib-journal(7)" all_in "$MAN/stalelib-journal.7.scd" '*' '=*' < <(fields)
        metrics() { grep -ohE '"stalelib_[a-z_]+"' "$SOURCE/daemon/metrics.c" | tr -d '"' | sort -u; }
        result "every metric is in stalelibd.conf(5)" all_in "$MAN/stalelibd.conf.5.scd" '*' '*' < <(metrics | sed 's/_/\\_/g')
fi

result "there are rules of what is ignored" test "$(kind rule | wc -l)" -ge 11
result "every such rule is in stalelibd.conf(5)" all_in "$MAN/stalelibd.conf.5.scd" '' '' < <(kind rule)
result "with its reason" all_in "$MAN/stalelibd.conf.5.scd" '' '' < <(kind reason | sed 's/_/\\_/g')

if command -v scdoc >/dev/null && command -v mandoc >/dev/null; then
        for page in "$MAN"/*.scd; do
                built=$WORK/$(basename "$page" .scd)
                scdoc <"$page" >"$built" 2>"$WORK/err"
                result "$(basename "$page" .scd) is built" test $? = 0
                # scdoc puts a paragraph before each heading, which mandoc finds one too many.
                mandoc -Tlint -Wwarning "$built" 2>&1 | grep -v 'skipping paragraph macro' >"$WORK/err"
                result "$(basename "$page" .scd) is clean" test ! -s "$WORK/err"
        done
else
        skip "the pages are clean" "needs scdoc and mandoc"
fi

# Each page that another one points to is there, if it is one of ours.
for page in "$MAN"/*.scd; do
        grep -oE '\*(stalelib[a-z.-]*|org\.stalelib1)\*\([0-9]\)' "$page" | sort -u | sed 's/\*//g; s/(\([0-9]\))/.\1.scd/' >"$WORK/links"
        : >"$WORK/err"
        while read -r link; do
                [ -e "$MAN/$link" ] || echo "$link" >>"$WORK/err"
        done <"$WORK/links"
        result "the links in $(basename "$page" .scd) lead somewhere" test ! -s "$WORK/err"
done

finish
