#!/usr/bin/env bash
# Publishes the packed npm package with provenance, signed in by the workflow's identity: release/publish-npm.sh FILE [FLAG…]
#
# Flags are npm's. A package without a scope is refused: its name would be whoever's takes it first. A version that is there
# already with the same content is no fault, so that a job may run again.
set -euo pipefail

file=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shift
name=$(tar -xOf "$file" package/package.json | node -p 'const { name, version } = JSON.parse(fs.readFileSync(0)); `${name}@${version}`')
if [[ $name != @*/* ]]; then
  echo "$name has no scope: give the package a name like @owner/$name before it is published" >&2
  exit 1
fi
ours=sha512-$(openssl dgst -sha512 -binary "$file" | openssl base64 -A)
theirs=$(npm view "$name" dist.integrity 2> /dev/null || true)
if [[ $theirs == "$ours" ]]; then
  echo "$name is published already"
elif [[ -n $theirs ]]; then
  echo "$name is published with other content: make a new version" >&2
  exit 1
else
  npm publish "$file" --provenance --access public "$@"
fi
