# SPDX-License-Identifier: Apache-2.0
# What zsh offers behind the line $1, a word a line, with the completion in the file script.
zmodload zsh/zpty
zpty shell 'zsh -f -i'
zpty -w shell 'autoload -U compinit && compinit -u -D; source ./script'
# Words that only fill an array of the caller are not offered yet.
zpty -w shell 'compadd() { local -a hits; if [[ " $* " != *" -"(O|A|D)" "* ]]; then builtin compadd -A hits "$@"; print -l -- $hits >> hits; fi; builtin compadd "$@" }'
zpty -w shell 'finish() { : > finished }; comppostfuncs=(finish)'
zpty -w -n shell "$1"$'\t'
repeat 300; do [[ -e finished ]] && break; zpty -r -t shell > /dev/null; sleep 0.1; done
zpty -d shell
