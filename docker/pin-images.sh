#!/usr/bin/env bash
# Renew the digests by which the Dockerfiles name the images that they begin with: each becomes what
# its tag is now. Needs Docker and a network; look at the change before it is committed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

sed -n 's/^ARG [A-Z0-9_]*=\([^ ]*\)@sha256:[0-9a-f]*$/\1/p' ./*.Dockerfile | sort -u |
  while read -r name; do
    digest=$(docker buildx imagetools inspect "$name" --format '{{.Manifest.Digest}}' </dev/null)
    [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "$name has no digest: $digest" >&2; exit 1; }
    for file in ./*.Dockerfile; do
      sed "s|^\(ARG [A-Z0-9_]*=$name\)@sha256:[0-9a-f]*$|\1@$digest|" "$file" >"$file.new"
      cat "$file.new" >"$file"
      rm "$file.new"
    done
    echo "$name@$digest"
  done
