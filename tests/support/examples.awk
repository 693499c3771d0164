# SPDX-License-Identifier: Apache-2.0
# Cuts the examples out of a page: DIR/N is the N-th as a reader would paste it,
# and DIR/index has a line "N first-line" for each.
#
#	awk -f examples.awk -v dir=DIR -v form=scdoc|markdown|help PAGE
#
# An example is a literal block of scdoc; a run of lines of Markdown that are
# indented by four columns, blank ones between them included; a line below
# "examples:" of a --help. What looks like a command and stands in no literal
# block of scdoc is an example that would not be found: it is printed, and the
# exit status is 1.

function begin() {
	n++
	file = dir "/" n
	printf "" >file
	first = ""
	blank = 0
}

function line(text) {
	for (; blank > 0; blank--)
		print "" >file
	if (first == "")
		first = text
	print text >file
}

function end() {
	close(file)
	sub(/^[ \t]+/, "", first)
	print n " " first >(dir "/index")
	file = ""
}

form == "scdoc" && /^```/ {
	if (file == "")
		begin()
	else
		end()
	next
}

form == "scdoc" && file != "" {
	text = $0
	plain = ""
	while (match(text, /\\./)) {
		plain = plain substr(text, 1, RSTART - 1) \
		    substr(text, RSTART + 1, 1)
		text = substr(text, RSTART + 2)
	}
	line(plain text)
	next
}

form == "scdoc" && /^\t(awaitd|awaitd-local|aws|curl|python3|sh) [^_*]*$/ {
	print FILENAME ":" FNR ": a command outside of a literal block: " $0
	stray = 1
}

form == "markdown" && /^    / {
	if (file == "")
		begin()
	line(substr($0, 5))
	next
}

form == "markdown" && file != "" {
	if (/^[ \t]*$/)
		blank++
	else
		end()
	next
}

form == "help" && /^[Ee]xamples:/ {
	inside = 1
	next
}

form == "help" && inside && /^[^ ]|^$/ {
	inside = 0
}

# Words behind three blanks say what it is for.
form == "help" && inside {
	sub(/^  /, "")
	more = /\\$/
	sub(/   +[a-z#][^'"]*$/, "")
	if (file == "")
		begin()
	line($0)
	if (!more)
		end()
}

END {
	if (file != "")
		end()
	exit stray
}
