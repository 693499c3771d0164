# SPDX-License-Identifier: Apache-2.0
# zsh -f complete.zsh SCRIPT LINE: what zsh would offer at the end of LINE, one
# word a line. A zsh in a terminal of its own gets the line and a Tab.
zmodload zsh/zpty || exit 1
script=$1 line=$2 found=$(mktemp) done=$(mktemp -u)

inner() {
	cat <<-END
		PS1='ready>' PS2= RPS1=
		unset HISTFILE
		autoload -Uz compinit && compinit -D -u
		source ${(q)script}
		setopt no_beep no_list_beep
		bindkey '^I' capture '^D' undefined-key
		compadd() {
			local -a hits
			if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
				builtin compadd -A hits "\$@"
				print -rl -- \$hits >>${(q)found}
			fi
			builtin compadd "\$@"
		}
		capture() {
			zle complete-word
			: >${(q)done}
		}
		zle -N capture
		print ready-now
	END
}

export TERM=dumb
zpty -b z zsh -f -i
zpty -w z "$(inner)"
zpty -w z $'\C-u'
i=0
until zpty -r -t z chunk '*ready-now*' || ((i++ > 100)); do
	sleep 0.05
done
zpty -w -n z "$line"$'\t'
i=0
until [[ -e $done ]] || ((i++ > 200)); do
	zpty -r -t z chunk
	sleep 0.05
done
zpty -d z
grep -v '^$' $found | sort -u
rm -f $found $done
