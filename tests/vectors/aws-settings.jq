# What the cases of aws-settings.json expect, against the answers.
#   jq -rn --slurpfile cases FILE --slurpfile answers FILE --arg who WHO
# WHO is awaitd, boto3 or js. A line for each case: "ok NAME", "not NAME",
# "skip NAME WHY", and behind a "not" what was wanted and what came.
#
# A column of an SDK that is missing means "as awaitd"; then what only awaitd
# says is not compared, and of errors only that there is one. A column that
# says {"untried": "why"} is skipped, one that differs says "why".

def ours: ["source", "warning", "class", "hint", "expires", "account"];
def patterns: ["error", "hint", "source", "warning"];

# Everything that is expected is there; an error only where it is expected.
def fits($want):
	. as $got
	| ($want | has("error")) == has("error")
	and ($want | to_entries | all(
		.key as $key | .value as $value
		| if $key == "why" then true
		elif patterns | index($key) then $got[$key] // "" | test($value)
		else $got[$key] == $value end));

def as_awaitd: with_entries(select(.key as $k | ours | index($k) | not)
	| if .key == "error" then .value = "" else . end);

def expected($who):
	if $who == "awaitd" then .awaitd
	else .[$who] // (.awaitd | as_awaitd) end;

($answers | map({key: .name, value: .}) | from_entries) as $by_name
| $cases[0][]
| . as $case | expected($who) as $want | $by_name[$case.name] as $got
| if $want.untried then "skip \(.name) \($want.untried)"
elif $got == null and .peer then "skip \(.name) no server for it"
elif $got == null then "not \(.name)", "# no answer"
elif ($got | fits($want) | not) then "not \(.name)",
	"# wanted: \($want | tojson)", "# got:    \($got | tojson)"
elif $want.why and ($got | fits($case.awaitd | as_awaitd)) then
	"not \(.name)", "# it differs no more: \($got | tojson)"
else "ok \(.name)" end
