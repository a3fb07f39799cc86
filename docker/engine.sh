#!/usr/bin/env bash
# A Docker engine for a CI machine that has none: `docker/engine.sh start|stop FOLDER`.
#
# Where an engine answers, nothing is started and nothing is stopped. Else, on Debian as root, its
# packages are unpacked below FOLDER (not installed: the machine's own packages stay as they are),
# the engine keeps everything below FOLDER, and base images are made on the spot where no registry
# can be reached. Where that cannot be, the exit status is 3 and one line says why.
# `. FOLDER/env` afterwards: clients find the engine by it.
set -euo pipefail

usage() {
  sed -n '2,8s/^# \{0,1\}//p' "$0"
  exit 2
}

[ $# -eq 2 ] || usage
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$2"
folder=$(cd "$2" && pwd)
tools=$folder/tools
forwarding=/proc/sys/net/ipv4/ip_forward
pid_file=$folder/dockerd.pid

# The first Debian release whose engine, compose and buildx are recent enough.
suite=trixie
# Its packages that also run with the C library of the release before it.
newer=(docker.io docker-cli docker-compose docker-buildx containerd)
# Packages that do not, which are taken from the machine's own release.
own=(runc tini)

answers() { docker info >/dev/null 2>&1; }

refuse() {
  echo "No Docker engine answers, and none can be started here: $1" >&2
  exit 3
}

# A source list of its own, so that nothing of $suite is ever installed by accident.
fetch() {
  local mirror apt=$folder/apt
  mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -1)
  [ -n "$mirror" ] || refuse "no Debian mirror is known (/etc/apt/sources.list.d/debian.sources)"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/packages"
  cat >"$apt/$suite.sources" <<EOF
Types: deb
URIs: $mirror
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
EOF
  cat >"$apt/apt.conf" <<EOF
Dir::Etc::sourcelist "$apt/$suite.sources";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
EOF
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends iptables libseccomp2 mmdebstrap >/dev/null
  APT_CONFIG=$apt/apt.conf apt-get update -qq
  (
    cd "$apt/packages"
    APT_CONFIG=$apt/apt.conf apt-get download -qq "${newer[@]}"
    apt-get download -qq -o APT::Sandbox::User=root "${own[@]}"
    for package in *.deb; do dpkg -x "$package" "$tools"; done
  )
  rm -rf "$apt"
}

write_env() {
  local plugins=$folder/client/cli-plugins
  mkdir -p "$plugins"
  ln -sf "$tools"/usr/libexec/docker/cli-plugins/* "$plugins/"
  cat >"$folder/env" <<EOF
export PATH="$tools/usr/bin:$tools/usr/sbin:\$PATH"
export DOCKER_HOST="unix://$folder/docker.sock"
export DOCKER_CONFIG="$folder/client"
EOF
  local_sources >>"$folder/env"
}

# Files that the builds of docker-compose.yml would fetch, where this machine has them already.
local_sources() {
  local wheels providers
  wheels=${PIP_FIND_LINKS:-$(python3 -m pip config get global.find-links 2>/dev/null || true)}
  if compgen -G "$wheels/torch-*.whl" >/dev/null; then
    echo "export WHEELS=\"$wheels\""
  fi
  if command -v terraform >/dev/null; then
    install -D "$(command -v terraform)" "$folder/terraform/terraform"
    echo "export TERRAFORM_PROGRAM=\"$folder/terraform\""
  fi
  providers=$(cd "$here/.." && python3 -c 'from toolchain.terraform import find_provider_mirror as find; print(find() or "")')
  if [ -n "$providers" ]; then
    echo "export TERRAFORM_PROVIDERS=\"$providers\""
  fi
}

start_engine() {
  # The engine changes both and does not restore them when it ends: stop does.
  iptables-save >"$folder/iptables.before"
  cat "$forwarding" >"$folder/forwarding.before"
  setsid dockerd \
    --host "$DOCKER_HOST" --data-root "$folder/data" --exec-root "$folder/run" \
    --pidfile "$pid_file" --mtu 1400 >"$folder/dockerd.log" 2>&1 </dev/null &
  for _ in $(seq 150); do
    if answers; then return; fi
    sleep 0.2
  done
  tail -20 "$folder/dockerd.log" >&2
  refuse "the engine did not come up (above: the end of $folder/dockerd.log)"
}

start() {
  if [ ! -s "$pid_file" ] && answers; then
    : >"$folder/env"
    echo "A Docker engine answers: none is started."
    return
  fi
  [ "$(id -u)" = 0 ] || refuse "that takes root"
  command -v apt-get >/dev/null || refuse "that takes Debian's packages"
  [ -x "$tools/usr/sbin/dockerd" ] || fetch
  write_env
  # shellcheck source=/dev/null
  . "$folder/env"
  answers || start_engine
  docker version --format 'Docker engine {{.Server.Version}} (client {{.Client.Version}})'
  "$here/base-images.sh" "$folder/env"
}

stop() {
  if [ -s "$pid_file" ]; then
    end_engine
    echo "The engine is stopped and removed."
  fi
  # Each file is named: FOLDER may hold other files.
  rm -rf "$folder"/{data,run,client,tools,terraform,apt,env,iptables.before,forwarding.before,dockerd.log,dockerd.pid,docker.sock}
  rmdir "$folder" 2>/dev/null || true
}

end_engine() {
  local pid
  pid=$(cat "$pid_file")
  kill "$pid" 2>/dev/null || true
  for _ in $(seq 150); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  if kill -0 "$pid" 2>/dev/null; then
    echo "The engine (pid $pid) does not end: see $folder/dockerd.log" >&2
    exit 1
  fi
  [ ! -s "$folder/forwarding.before" ] || cat "$folder/forwarding.before" >"$forwarding"
  ip link delete docker0 2>/dev/null || true
  if [ -s "$folder/iptables.before" ]; then
    iptables-restore <"$folder/iptables.before"
  else
    # There was no table before, so all of them are the engine's.
    iptables -P FORWARD ACCEPT
    for table in nat filter; do
      iptables -t $table -F
      iptables -t $table -X
    done
  fi
}

case $1 in
  start) start ;;
  stop) stop ;;
  *) usage ;;
esac
