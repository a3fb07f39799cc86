#!/bin/sh
# Install torch into a folder: `install_torch.sh FOLDER BUILD WHEELS REQUIREMENTS LOCK`.
# A wheel of torch in WHEELS is taken as it is; else BUILD says from where: pypi, by the hashes of
# LOCK, or the name of one of PyTorch's indexes (cpu, cu130), of which uv knows the addresses.
set -eu
folder=$1 build=$2 wheel=$(find "$3" -name 'torch-*.whl' | head -1) requirements=$4 lock=$5

if [ -n "$wheel" ]; then
  set -- "$wheel"
elif [ "$build" = pypi ]; then
  set -- --require-hashes -r "$lock"
else
  set -- --torch-backend "$build" -r "$requirements"
fi
uv pip install --quiet --target "$folder" "$@"
