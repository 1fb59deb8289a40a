#!/bin/sh
# Builds what a release consists of into dist/: for each platform the binary and
# its software bill of materials (CycloneDX), and SHA256SUMS of all. The same
# commit gives the same binaries wherever it is built with the same Go.
#
#   tools/release.sh                         linux/amd64 and linux/arm64
#   tools/release.sh <os>/<architecture>…    those platforms
#
# DIST chooses the directory.
set -eu
cd "$(dirname "$0")/.."
dist=${DIST-dist}
[ $# -gt 0 ] || set -- linux/amd64 linux/arm64

# No path of this machine, no state of the checkout and no C library get in.
export CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false" GOAMD64=v1 GOARM64=v8.0

mkdir -p "$dist"
dist=$(cd "$dist" && pwd)
rm -f "$dist"/caddy-partnersign_* "$dist/SHA256SUMS"
for platform; do
	os=${platform%/*} arch=${platform#*/}
	name=caddy-partnersign_${os}_$arch
	GOOS=$os GOARCH=$arch go build -ldflags="-s -w" -o "$dist/$name" ./cmd/caddy
	# The tool itself runs here, and looks at the platform by these variables.
	sbom=$(go tool -modfile=tools/release.mod -n cyclonedx-gomod)
	GOOS=$os GOARCH=$arch "$sbom" app -json -noserial -notimestamp -std -licenses \
		-main cmd/caddy -output "$dist/$name.cdx.json" .
	echo "built $dist/$name" >&2
done
cd "$dist"
sha256sum caddy-partnersign_* >SHA256SUMS
