#!/bin/sh
# wget.sh <URL> <document> <directory for what was sent>
set -eu
url=$1 document=$2 sent=$3

post() {
	name=$1
	shift
	wget -S --tries=1 --timeout=60 --content-on-error -O- --post-file="$sent/$name" "$@" "$url/$name" >"$sent/$name.log" 2>&1 ||
		{ cat "$sent/$name.log" >&2; exit 1; }
	echo "$name" $(sed -n 's/^ *HTTP[^ ]* \([0-9]*\).*/\1/p' "$sent/$name.log")
}

multipart() {
	for field in "amount 12.50" "to Zoë & Söhne"; do
		printf -- '--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' "$boundary" "${field%% *}" "${field#* }"
	done
	printf -- '--%s\r\nContent-Disposition: form-data; name="document"; filename="%s"\r\n' "$boundary" "${document##*/}"
	printf 'Content-Type: application/pdf\r\n\r\n'
	cat "$document"
	printf '\r\n--%s--\r\n' "$boundary"
}

all() {
	suffix=$1
	shift
	printf '{"amount":"12.50","to":"Zoë & Söhne"}' >"$sent/json$suffix"
	post "json$suffix" "$@" --header='Content-Type: application/json'
	printf 'amount=12.50&to=Zo%%C3%%AB+%%26+S%%C3%%B6hne' >"$sent/form$suffix"
	post "form$suffix" "$@"
	boundary=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	multipart >"$sent/multipart$suffix"
	post "multipart$suffix" "$@" --header="Content-Type: multipart/form-data; boundary=$boundary"
}

all ""
all -expect --header='Expect: 100-continue'
