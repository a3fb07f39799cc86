
# shellcheck shell=bash
# Stores images on the instance store, where the type has one: it is faster than a volume, and in the
# instance's price. An engine that has images already (from a custom AMI) is left as it is. If a step
# fails, images are stored on the root volume.
data=${ENGINE_DATA:-/var/lib}

holds_images() {
  local layer
  for layer in "$data/docker/overlay2"/* "$data/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots"/*; do
    # docker keeps a folder of short names, l, beside the layers
    [ -e "$layer" ] && [ "${layer##*/}" != l ] && return 0
  done
  return 1
}

use_instance_store() {
  local disk folder
  disk=$(lsblk --noheadings --nodeps --output PATH,MODEL | awk '/Instance Storage/ { print $1; exit }')
  [ -n "$disk" ] || { echo "no instance store: images go to the root volume"; return 0; }
  if holds_images; then
    echo "the engine holds images: they stay on the root volume"
    return 0
  fi
  systemctl stop docker.socket docker.service containerd.service
  if mkfs.xfs -q -f "$disk" && mkdir -p "$data/instance-store" && mount -o noatime "$disk" "$data/instance-store"; then
    for folder in docker containerd; do
      if mkdir -p "$data/instance-store/$folder" "$data/$folder" && mount --bind "$data/instance-store/$folder" "$data/$folder"; then
        echo "$folder: images go to $disk"
      else
        echo "$folder: cannot be put on $disk: images go to the root volume"
      fi
    done
  else
    echo "$disk cannot be used: images go to the root volume"
  fi
  systemctl start containerd.service docker.service
}

use_instance_store
