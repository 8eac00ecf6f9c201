#!/usr/bin/env bash
# Pushes the packaged chart to an OCI registry that Helm or docker is signed in to: release/push-chart.sh FILE OCI-URL [FLAG…]
#
# Flags are Helm's. Prints digest=sha256:…, for a workflow into the file that GITHUB_OUTPUT names.
set -euo pipefail

file=$1
url=$2
shift 2
if ! said=$(helm push "$file" "$url" "$@" 2>&1); then
  echo "$said" >&2
  exit 1
fi
echo "$said" >&2
digest=$(sed -n 's/^Digest: *//p' <<< "$said")
if [[ ! $digest =~ ^sha256:[0-9a-f]{64}$ ]]; then
  echo "helm push has named no digest: look above, and run the job again" >&2
  exit 1
fi
if [[ -n ${GITHUB_OUTPUT:-} ]]; then exec >> "$GITHUB_OUTPUT"; fi
echo "digest=$digest"
