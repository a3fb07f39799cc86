#!/bin/bash
# Pulls the worker's image while the instance is in the warm pool, and completes the lifecycle hook
# that holds the instance at its launch: once in the pool, which then stops it, and again at each
# start, so that it is in service at once. An image that cannot be pulled is left to the start.
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/warm-pool-instance-lifecycle.html
#
# Environment: AWS_REGION, WARM_UP_IMAGE, WARM_UP_GROUP, WARM_UP_HOOK.
metadata=http://169.254.169.254/latest

read_metadata() {
  local token
  token=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 300" "$metadata/api/token") || return 1
  curl -sf -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/$1"
}

# Runs a command until it succeeds, every 2 s for a minute.
retry() {
  local tries
  for tries in {1..30}; do
    "$@" && return
    [ "$tries" = 30 ] || sleep 2
  done
  return 1
}

# The AMI is made from Amazon Linux's minimal one, which has no AWS CLI.
install_cli() {
  command -v aws >/dev/null || dnf install --assumeyes --quiet awscli-2
}

pull_image() {
  local registry=${WARM_UP_IMAGE%%/*} pulled
  # The registry's token must not stay on the volume.
  DOCKER_CONFIG=$(mktemp -d)
  export DOCKER_CONFIG
  if [[ $registry == *.dkr.ecr.*.amazonaws.com* ]]; then
    aws ecr get-login-password | docker login --username AWS --password-stdin "$registry"
  fi
  docker pull --quiet "$WARM_UP_IMAGE"
  pulled=$?
  rm -r "$DOCKER_CONFIG"
  return $pulled
}

# It fails while Auto Scaling has not yet seen that the instance runs.
complete_hook() {
  aws autoscaling complete-lifecycle-action --lifecycle-action-result CONTINUE \
    --auto-scaling-group-name "$WARM_UP_GROUP" --lifecycle-hook-name "$WARM_UP_HOOK" --instance-id "$1"
}

retry install_cli || exit
state=$(retry read_metadata autoscaling/target-lifecycle-state)
id=$(retry read_metadata instance-id)
if [[ $state == Warmed:* ]] && ! retry pull_image; then
  echo "$WARM_UP_IMAGE could not be pulled: it is left to the start"
fi
retry complete_hook "$id"
