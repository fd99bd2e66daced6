# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: zsh -f offers.zsh DIRECTORY LINE
#
# Types LINE and a tab into a zsh at a terminal of its own, with the completions of DIRECTORY,
# and prints what is offered, one a line.

zmodload zsh/zpty
work=$(mktemp -d)
cat >$work/init <<'END'
PS1= fpath=(DIRECTORY $fpath)
autoload -Uz compinit
compinit -D -u
# What becomes a match is also written down.
compadd() {
        local -a matches
        (( ${@[(I)-[OAD]]} )) || { builtin compadd -O matches "$@"; print -rl -- $matches >>WORK/offers }
        builtin compadd "$@"
}
offer() {
        _main_complete
        compstate[insert]='' compstate[list]=''
        print -n '<offered>' >$TTY
}
zle -C offer complete-word offer
bindkey '^I' offer
print '<re''ady>'
END
sed -i "s,DIRECTORY,${(q)1},; s,WORK,${(q)work}," $work/init

zpty terminal zsh -f -i
trap 'rm -rf $work' EXIT # not before: the other one would have it as well
zpty -w terminal "source $work/init"
zpty -r terminal seen '*<ready>*' || exit
zpty -w -n terminal "$2"$'\t'
zpty -r terminal seen '*<offered>*' || exit
zpty -d terminal
[[ ! -e $work/offers ]] || sort -u $work/offers | grep .
