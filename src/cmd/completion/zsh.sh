#compdef awaitd
# zsh completion for awaitd. SPDX-License-Identifier: Apache-2.0
# awaitd itself knows its words: this asks it.

_awaitd() {
	local -a lines whole begun
	local line word about kind head

	lines=("${(@f)$(${(Q)words[1]} __complete \
		"${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
	kind=$lines[1]
	# The value in --name=value is completed by itself.
	head=''
	if [[ $PREFIX == --*=* ]]; then
		head=${PREFIX%%=*}=
		compset -P '--[^=]##='  || compset -P '*='
	fi
	case $kind in
	files) _files; return ;;
	folders) _files -/; return ;;
	esac
	for line in "${(@)lines[2,-1]}"; do
		word=${line%%$'\t'*}
		about=${line#*$'\t'}
		word=${word#$head}
		word=${word//\\/\\\\}
		word=${word//:/\\:}
		if [[ $word == *[=:/] ]]; then
			begun+=("$word${about:+:$about}")
		else
			whole+=("$word${about:+:$about}")
		fi
	done
	(( $#whole )) && _describe -V awaitd whole
	(( $#begun )) && _describe -V awaitd begun -S ''
	(( $#whole + $#begun ))
}

# As a file of fpath this is the function; sourced, it has to be announced.
if [[ $funcstack[1] == _awaitd ]]; then
	_awaitd "$@"
else
	compdef _awaitd awaitd
fi
