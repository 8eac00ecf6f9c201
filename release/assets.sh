#!/usr/bin/env bash
# Makes every file of a release that needs no credentials: release/assets.sh DIR IMAGE DIGEST
#
# DIR must not be there yet. IMAGE is like ghcr.io/owner/exchange-sync-controller, DIGEST that of the pushed image. It needs Helm,
# and the packages of package-lock.json (npm ci).
set -euo pipefail

out=$(mkdir "$1" && cd "$1" && pwd)
image=$2
digest=$3
cd "$(dirname "$0")/.."
version=$(node -p 'require("./package.json").version')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

node release/main.ts crds > "$out/crds.yaml"

node release/main.ts chart "$work/exchange-sync-controller" "$image" "$digest"
helm package "$work/exchange-sync-controller" --destination "$work"
mv "$work/exchange-sync-controller-$version.tgz" "$out/exsync-chart-$version.tgz"

node image/npm/build.ts "$work/package"
mkdir "$work/npm"
npm pack "$work/package" --pack-destination "$work/npm"
mv "$work"/npm/*.tgz "$out/exsync-npm-$version.tgz"

node image/contents.ts "$out"

cd "$out"
sha256sum -- * > "$work/SHA256SUMS"
mv "$work/SHA256SUMS" .
