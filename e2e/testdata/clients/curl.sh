#!/bin/sh
# curl.sh <URL> <document> <directory for what was sent>
set -eu
url=$1 document=$2 sent=$3

post() {
	name=$1
	shift
	curl -sS --fail-with-body --max-time 60 --expect100-timeout 30 --dump-header "$sent/$name.heads" "$@" "$url/$name" >&2
	echo "$name" $(sed -n 's/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$sent/$name.heads")
}

all() {
	suffix=$1 expect=$2
	printf '{"amount":"12.50","to":"Zoë & Söhne"}' >"$sent/json$suffix"
	post "json$suffix" -H "$expect" -H 'Content-Type: application/json' --data-binary "@$sent/json$suffix"
	printf 'amount=12.50&to=Zo%%C3%%AB+%%26+S%%C3%%B6hne' >"$sent/form$suffix"
	post "form$suffix" -H "$expect" -d "@$sent/form$suffix"
	# What curl makes of -F it does not tell.
	post "multipart$suffix" -H "$expect" -F amount=12.50 -F 'to=Zoë & Söhne' -F "document=@$document;type=application/pdf"
}

# curl expects 100 of itself when a body is large, unless the field is removed.
all "" Expect:
all -expect "Expect: 100-continue"
