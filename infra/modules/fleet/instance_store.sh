#!/bin/bash
# Stores images on the instance store, where the type has one: it is faster than a volume, and in the
# instance's price. An engine that has images already (from a custom AMI) is left as it is. If a step
# fails, images are stored on the root volume.
#
# A boothook: cloud-init runs it at each start, before the network counts as online and so before
# Docker starts. containerd waits for less and may run already.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bootstrap_container_instance.html
data=/var/lib
store=$data/instance-store

holds_images() {
  local layer
  for layer in "$data/docker/overlay2"/* "$data/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots"/*; do
    # docker keeps a folder of short names, l, beside the layers
    [ -e "$layer" ] && [ "${layer##*/}" != l ] && return 0
  done
  return 1
}

# An instance that was only restarted has its file system, and its images, still. The disk of a new one
# is blank: to discard its blocks (-K does not) would only take time.
mount_store() {
  mkdir -p "$store"
  mount -o noatime "$1" "$store" 2>/dev/null || { mkfs.xfs -q -f -K "$1" && mount -o noatime "$1" "$store"; }
}

use_instance_store() {
  local disk folder
  disk=$(lsblk --noheadings --nodeps --output PATH,MODEL | awk '/Instance Storage/ { print $1; exit }')
  [ -n "$disk" ] || { echo "no instance store: images go to the root volume"; return; }
  holds_images && { echo "the engine holds images: they stay on the root volume"; return; }
  mount_store "$disk" || { echo "$disk cannot be used: images go to the root volume"; return; }
  systemctl stop docker.service containerd.service
  for folder in docker containerd; do
    if mkdir -p "$store/$folder" "$data/$folder" && mount --bind "$store/$folder" "$data/$folder"; then
      echo "$folder: images go to $disk"
    else
      echo "$folder: cannot be put on $disk: images go to the root volume"
    fi
  done
  # A stop also cancels the starts that wait for a unit, and those of the units that are a part of
  # it: ECS's agent is a part of Docker. It still waits for cloud-init, so nothing may wait for it here.
  # https://github.com/aws/amazon-ecs-agent/blob/master/packaging/amazon-linux-ami-integrated/ecs.service
  systemctl start --no-block containerd.service docker.service ecs.service
}

use_instance_store
