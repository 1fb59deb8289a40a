#!/bin/sh
# Builds Caddy with partnersign, through the xcaddy that tools/go.mod pins.
#
#   ./xcaddy.sh                  builds ./caddy
#   ./xcaddy.sh demo             builds ./caddy and shows it working: plain requests
#                                in, the requests as partners saw them and their
#                                verdicts out
#   ./xcaddy.sh demo <partner>   shows one of them: acme, dfns, offblocks, dynamic
#                                or proof
#
# CADDY_VERSION chooses Caddy's version; default: the one of go.mod.
set -eu
cd "$(dirname "$0")"

case "${1-}" in
'' | demo) ;;
-h | --help | help)
	sed -n '2,11s/^# \{0,1\}//p' "$0"
	exit 0
	;;
*)
	echo "xcaddy.sh: expected nothing or demo; see xcaddy.sh --help" >&2
	exit 2
	;;
esac
if ! command -v go >/dev/null; then
	echo "xcaddy.sh: Go is missing: install it from https://go.dev/dl/" >&2
	exit 1
fi

version=${CADDY_VERSION-$(go list -m -f '{{.Version}}' github.com/caddyserver/caddy/v2)}
echo "building Caddy $version with partnersign; the first time takes a few minutes" >&2
CGO_ENABLED=${CGO_ENABLED-0} go tool -modfile=tools/go.mod xcaddy build "$version" \
	--with github.com/partnersign/partnersign@v0.0.0=. \
	--output caddy
echo "built ./caddy" >&2

if [ "${1-}" = demo ]; then
	shift
	exec go run ./cmd/demo ./caddy "$@"
fi
