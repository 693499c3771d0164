# bash completion for awaitd. SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# awaitd itself knows its words: this asks it, and quotes what it says.

_awaitd() {
	local -a words=() lines=()
	local word piece head kind i glue='' quote=''

	# bash cuts words at '=', ':' and '@', and gives them as typed.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((${#words[@]} > 0)) &&
			[[ -n $glue || ($word == [=:@]* && $word != *[!=:@]*) ]]; then
			words[${#words[@]} - 1]+=$word
		else
			words+=("$word")
		fi
		glue=''
		[[ -n $word && $word != *[!=:@]* ]] && glue=yes
	done
	piece=${COMP_WORDS[COMP_CWORD]}
	[[ $piece == [\'\"]* ]] && quote=${piece:0:1}
	[[ -n $piece && $piece != *[!=:@]* ]] && piece=''
	words=("${words[@]//[\"\'\\]/}")
	piece=${piece//[\"\'\\]/}
	# What stands before the piece that bash will replace.
	head=${words[${#words[@]} - 1]}
	head=${head%"$piece"}

	mapfile -t lines < <("${1/#\~/$HOME}" __complete "${words[@]}" 2>/dev/null)
	COMPREPLY=()
	kind=${lines[0]-}
	case $kind in
	files | folders)
		compopt -o filenames 2>/dev/null
		[[ $kind == files ]] && i=-f || i=-d
		mapfile -t COMPREPLY < <(compgen "$i" -- "$piece")
		return
		;;
	esac
	for word in "${lines[@]:1}"; do
		word=${word%%$'\t'*}
		word=${word#"$head"}
		# It is all there: quoted, nothing would be two quotes.
		[[ -n $word ]] || continue
		[[ $word == *[=:/] ]] && compopt -o nospace 2>/dev/null
		# Whatever a name holds, it is one word, and nothing runs.
		case $quote in
		'') printf -v word %q "$word" ;;
		\') word=${word//\'/\'\\\'\'} ;;
		*)
			word=${word//\\/\\\\}
			word=${word//\"/\\\"}
			word=${word//\$/\\\$}
			word=${word//\`/\\\`}
			word=${word//\!/\"\'!\'\"}
			;;
		esac
		COMPREPLY+=("$word")
	done
}

complete -o nosort -F _awaitd awaitd
