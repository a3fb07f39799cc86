#!/usr/bin/env bash
# The base images that the Dockerfiles name by their digests, for a machine that cannot pull them: made
# from Debian's packages by mmdebstrap, and trusting the certificate authorities that this machine
# trusts. Their names, which have no digest then, are appended to the file ENVIRONMENT for Compose:
# base-images.sh ENVIRONMENT
set -euo pipefail
environment=$1
here=$(dirname "${BASH_SOURCE[0]}")

# the Dockerfiles' argument, name, Debian release, packages, the interpreter that `python` links to
images=(
  "PYTHON_3_11 python:3.11-slim-bookworm bookworm python3,python3-venv python3.11"
  "PYTHON_3_13 python:3.13-slim-trixie trixie python3,python3-venv python3.13"
)
authorities=/usr/local/share/ca-certificates
bundle=/etc/ssl/certs/ca-certificates.crt
mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources | head -1)

make_image() {
  local name=$1 suite=$2 packages=$3 python=$4
  # shellcheck disable=SC2016 # the hook's own $1: the image's folder
  mmdebstrap --quiet --variant=minbase --include="ca-certificates,$packages" \
    --aptopt='APT::Sandbox::User "root"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook="mkdir -p \"\$1$authorities\"; cp $authorities/*.crt \"\$1$authorities\" 2>/dev/null || true" \
    --customize-hook='chroot "$1" update-ca-certificates >/dev/null' \
    --customize-hook="ln -s /usr/bin/$python \"\$1/usr/local/bin/python\"" \
    "$suite" - "$mirror" |
    docker import --change "ENV SSL_CERT_FILE=$bundle PIP_CERT=$bundle REQUESTS_CA_BUNDLE=$bundle" \
      --change 'CMD ["python"]' - "$name" >/dev/null
}

made=()
for image in "${images[@]}"; do
  read -r argument name suite packages python <<<"$image"
  pinned=$(sed -n "s/^ARG $argument=//p" "$here"/*.Dockerfile | head -1)
  timeout 20 docker pull --quiet "$pinned" >/dev/null 2>&1 && continue
  echo "export $argument=$name" >>"$environment"
  docker image inspect "$name" >/dev/null 2>&1 && continue
  make_image "$name" "$suite" "$packages" "$python" &
  made+=("$name")
done
wait
for name in ${made[@]+"${made[@]}"}; do
  docker image inspect --format "made $name, {{.Size}} bytes" "$name"
done
