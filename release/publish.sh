#!/usr/bin/env bash
# Publishes a release on GitHub, whole or not at all: release/publish.sh TAG NOTES FILE…
#
# It is a draft until every file is there; run again, it goes on with the draft. A published release stays as it is. It needs gh,
# and a GH_TOKEN that may write contents.
set -euo pipefail

tag=$1
notes=$2
shift 2
kind=()
if [[ $tag == *-* ]]; then kind=(--prerelease); fi
if ! gh release view "$tag" > /dev/null 2>&1; then
  gh release create "$tag" --verify-tag --draft --title "$tag" --notes-file "$notes" "${kind[@]}"
fi
if [[ $(gh release view "$tag" --json isDraft --jq .isDraft) != true ]]; then
  echo "$tag is published already, and its files stay as they are: make a new version" >&2
  exit 1
fi
gh release upload "$tag" --clobber "$@"
gh release edit "$tag" --draft=false
