#!/usr/bin/env bash
# Measures `edgectl build` beside the docker CLI, which drives the same engine, and beside iotedgedev where it is
# installed: medians of ratios, each from builds that ran one after the other. Tells and never fails.
#
# A docker CLI without `buildx` builds with the classic builder: the first line of the table says which one it was.
#
#   cargo build --profile dist && tests/bench-build.sh [ROUNDS]
#
# EDGECTL names another program. What it makes in the engine, it removes.
set -uo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C # or the times would have the comma of some languages

program=${EDGECTL:-$PWD/target/dist/edgectl}
rounds=${1:-5}
base=edgectl-bench/busybox:1
folder=$(mktemp -d)
drain_pid=

main() {
  command -v docker >/dev/null && docker info >/dev/null 2>&1 || { echo "no engine answers"; return; }
  [[ -x $program ]] || { echo "there is no $program: run \`cargo build --profile dist\` first"; return; }
  trap clean EXIT
  make_base
  make_solution 8
  local cold=() same=() eight=() tool=()
  for ((round = 0; round < rounds; round++)); do
    cold+=("$(ratio "edgectl m1 --no-cache" "docker_build m1 --no-cache")")
    same+=("$(ratio "edgectl m1" "docker_build m1")")
    change
    eight+=("$(ratio "edgectl" "docker_all")")
    if command -v iotedgedev >/dev/null; then tool+=("$(ratio "edgectl" "iotedgedev_build")"); fi
  done
  echo "docker builds with $(docker buildx version >/dev/null 2>&1 && echo BuildKit || echo "the classic builder")"
  printf '%-52s %10s %10s\n' figure target median
  tell "one module, every step, × docker" "<= 1.05" "${cold[@]}"
  tell "one module, nothing changed, × docker" "<= 0.3" "${same[@]}"
  tell "eight modules, × docker one after another" "<= 0.6" "${eight[@]}"
  tell "eight modules, nothing changed, × iotedgedev" "<= 1" "${tool[@]}"
  make_solution 20
  edgectl
  local twenty=()
  for ((round = 0; round < rounds; round++)); do twenty+=("$(milliseconds edgectl)"); done
  tell "20 modules, nothing changed, ms" "< 300" "${twenty[@]}"
  tell "peak memory with a context of 1 GB, MB" "<= 64" "$(peak_memory 1G)"
  start_drain
  local started=$SECONDS
  tell "the same with 10 GB for an engine that drains, MB" "<= 64" "$(DOCKER_HOST=$drain peak_memory 10G --builder classic)"
  tell "how long that took, s" "-" "$((SECONDS - started))"
}

# make_base: an image with a shell and little else.
make_base() {
  mkdir -p "$folder/base/bin"
  cp "$(command -v busybox)" "$folder/base/bin/"
  for name in sh echo cat sleep; do ln -sf busybox "$folder/base/bin/$name"; done
  tar -C "$folder/base" -c . | docker import - "$base" >/dev/null
}

# make_solution N: N modules with one file each and three steps, one of which takes a moment.
make_solution() {
  local names=() name
  for ((i = 1; i <= $1; i++)); do
    name=m$i
    names+=("\"$name\": {\"settings\": {\"image\": \"\${MODULES.$name}\"}}")
    mkdir -p "$folder/modules/$name"
    printf 'FROM %s\nCOPY . /app/\nRUN sleep 0.5; echo %s > /name\n' "$base" "$name" >"$folder/modules/$name/Dockerfile"
    echo "$name" >"$folder/modules/$name/main.py"
    printf '{"image": {"repository": "edgectl-bench/%s", "tag": {"version": "1", "platforms": {"amd64": "./Dockerfile"}}}}' \
      "$name" >"$folder/modules/$name/module.json"
  done
  local IFS=,
  printf '{"modulesContent": {"$edgeAgent": {"properties.desired": {"modules": {%s}}}}}' "${names[*]}" \
    >"$folder/deployment.template.json"
}

# change: every module gets a file of new content.
change() { for module in "$folder"/modules/*; do echo "$RANDOM$EPOCHREALTIME" >"$module/main.py"; done; }

edgectl() { "$program" -C "$folder" build --quiet --platform amd64 "$@" >/dev/null; }
docker_build() { docker build --quiet --tag "edgectl-bench/docker-$1" "${@:2}" "$folder/modules/$1" >/dev/null 2>&1; }
docker_all() { for module in "$folder"/modules/*; do docker_build "${module##*/}"; done; }
iotedgedev_build() { (cd "$folder" && iotedgedev build --platform amd64 >/dev/null 2>&1); }

# milliseconds COMMAND: how long it took.
milliseconds() {
  local start=$EPOCHREALTIME end
  $1
  end=$EPOCHREALTIME
  echo "$start $end" | awk '{ print ($2 - $1) * 1000 }'
}

# ratio OURS THEIRS: how many times the one takes of the other.
ratio() { echo "$(milliseconds "$1") $(milliseconds "$2")" | awk '{ print $1 / ($2 > 0 ? $2 : 1) }'; }

# start_drain: starts an engine that only reads, and sets `drain` to where it listens.
start_drain() {
  python3 tests/bench/drain.py >"$folder/drain" &
  drain_pid=$!
  until [[ -s $folder/drain ]]; do sleep 0.1; done
  drain=tcp://127.0.0.1:$(<"$folder/drain")
}

# peak_memory SIZE [FLAG…]: the most that edgectl was resident with while it sent so much, in MB.
peak_memory() {
  truncate --size "$1" "$folder/modules/m1/big"
  "$program" -C "$folder" build --quiet --platform amd64 "${@:2}" m1 >/dev/null &
  local pid=$! peak=0 now
  while now=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null) && [[ -n $now ]]; do
    peak=$now
    sleep 0.02
  done
  wait "$pid"
  rm "$folder/modules/m1/big"
  echo "$peak" | awk '{ print $1 / 1000 }'
}

# tell WHAT TARGET SAMPLE…: prints a row of the table.
tell() {
  local what=$1 target=$2 median
  shift 2
  if (($# == 0)); then printf '%-52s %10s %10s\n' "$what" "$target" "not measured"; return; fi
  median=$(printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }')
  printf '%-52s %10s %10.2f\n' "$what" "$target" "$median"
}

clean() {
  [[ -z $drain_pid ]] || kill "$drain_pid"
  docker image ls --quiet --filter 'reference=edgectl-bench/*' | sort -u | xargs --no-run-if-empty docker image rm --force >/dev/null 2>&1
  rm -rf "$folder"
}

main
exit 0
