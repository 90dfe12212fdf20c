#!/usr/bin/env bash
# Measures what edgectl promises about speed and memory: medians of 10 runs of what is shipped (the profile `dist`) beside the targets.
# Tells and never fails: a busy machine is no defect.
#
#   cargo build --profile dist && tests/bench.sh [ROUNDS]
set -uo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C # or the times would have the comma of some languages

program=$PWD/target/dist/edgectl
rounds=${1:-10}
# Beside the default address, so that a simulation that runs meanwhile is not in the way.
address=127.0.77.250
patience=20 # seconds until a run is given up

main() {
  if [[ ! -x $program ]]; then
    echo "there is no target/dist/edgectl: run \`cargo build --profile dist\` first"
    return
  fi
  local help=() ready=() message=() resident=() deploy=() genconfig=()
  for ((round = 0; round < rounds; round++)); do
    measure_help
    measure_demo
  done
  measure_deploy
  printf '%-44s %10s %10s %8s  %s\n' figure target median ratio verdict
  tell "\`--help\`, ms" 5 "${help[@]}"
  tell "demo: start to \`ready\` (ports bound), ms" 100 "${ready[@]}"
  tell "demo: start to first message upstream, ms" 1000 "${message[@]}"
  tell "demo: resident, without its children, MB" 30 "${resident[@]}"
  tell "\`deploy\`, 50 modules and 500 routes, ms" 20 "${deploy[@]}"
  if ((${#genconfig[@]})); then
    echo "iotedgedev takes $(median "${genconfig[@]}") ms for the same template"
  fi
}

# In both, the child itself says when it starts, so that the fork of this shell is not counted.

measure_help() {
  local start end
  { start=$(echo "$EPOCHREALTIME"; exec "$program" --help 1>&3); end=$EPOCHREALTIME; } 3>/dev/null
  help+=("$(milliseconds "$start" "$end")")
}

# measure_demo: one demo, until its first message is upstream.
measure_demo() {
  local start now output line folder
  folder=$(mktemp -d)
  exec {output}< <(cd "$folder" && echo "$EPOCHREALTIME" && exec "$program" simulate --demo --json --address "$address" 2>/dev/null)
  local pid=$!
  read -r start <&"$output"
  while read -r -t "$patience" -u "$output" line; do
    now=$EPOCHREALTIME
    case $line in
      *'"type":"ready"'*) ready+=("$(milliseconds "$start" "$now")") ;;
      *'"type":"message"'*'"to":"$upstream"'*)
        message+=("$(milliseconds "$start" "$now")")
        resident+=("$(awk '/^VmRSS/ { print $2 / 1000 }' "/proc/$pid/status")")
        break
        ;;
    esac
  done
  kill -INT "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  exec {output}<&-
  rm -rf "$folder"
}

# measure_deploy: the manifest of a large template; where iotedgedev is here (tests/run brings it), its time too.
measure_deploy() {
  local folder start end
  folder=$(mktemp -d)
  write_large_template >"$folder/deployment.template.json"
  printf 'IOTHUB_CONNECTION_STRING=\nDEVICE_CONNECTION_STRING=\n' >"$folder/.env"
  for ((round = 0; round < rounds; round++)); do
    start=$EPOCHREALTIME
    if (cd "$folder" && "$program" deploy --quiet); then deploy+=("$(milliseconds "$start" "$EPOCHREALTIME")"); fi
  done
  local iotedgedev=${EDGECTL_TEST_IOTEDGEDEV:-$PWD/target/parts/iotedgedev/bin/iotedgedev}
  if [[ -x $iotedgedev ]]; then
    for ((round = 0; round < 3; round++)); do
      start=$EPOCHREALTIME
      if (cd "$folder" && HOME=$folder "$iotedgedev" genconfig >/dev/null 2>&1); then
        genconfig+=("$(milliseconds "$start" "$EPOCHREALTIME")")
      fi
    done
  fi
  rm -rf "$folder"
}

# Every route is short: the twin of the hub holds 32 KB.
write_large_template() {
  awk 'BEGIN {
    runtime = "{\"type\": \"docker\", \"settings\": {\"minDockerVersion\": \"v1.25\", \"loggingOptions\": \"\", \"registryCredentials\": {}}}"
    image = "\"type\": \"docker\", \"settings\": {\"image\": \"%s\", \"createOptions\": {%s}}}"
    running = "\"status\": \"running\", \"restartPolicy\": \"always\", "
    printf "{\"$schema-template\": \"4.0.0\", \"modulesContent\": {\"$edgeAgent\": {\"properties.desired\": {"
    printf "\"schemaVersion\": \"1.1\", \"runtime\": %s, \"systemModules\": {\"edgeAgent\": {", runtime
    printf image, "mcr.microsoft.com/azureiotedge-agent:1.6", ""
    printf ", \"edgeHub\": {%s", running
    printf image, "mcr.microsoft.com/azureiotedge-hub:1.6", ""
    printf "}, \"modules\": {"
    for (i = 0; i < 50; i++) {
      printf "%s\"m%d\": {\"version\": \"1.0\", %s", i ? ", " : "", i, running
      ports = sprintf("\"HostConfig\": {\"PortBindings\": {\"%d/tcp\": [{\"HostPort\": \"%d\"}]}}", 9700 + i, 10000 + i)
      printf image, "registry.example.com/team/m" i ":1.0.0", ports
    }
    printf "}}}, \"$edgeHub\": {\"properties.desired\": {\"schemaVersion\": \"1.1\", \"routes\": {"
    for (i = 0; i < 500; i++)
      printf "%s\"r%d\": \"FROM /messages/modules/m%d/outputs/o%d INTO $upstream\"", i ? ", " : "", i, i % 50, i / 50
    printf "}, \"storeAndForwardConfiguration\": {\"timeToLiveSecs\": 7200}}}}}"
  }'
}

# milliseconds FROM TO: prints the time between.
milliseconds() { echo "$1 $2" | awk '{ print ($2 - $1) * 1000 }'; }

# tell WHAT TARGET SAMPLE…: prints a row of the table.
tell() {
  local what=$1 target=$2
  shift 2
  if (($# == 0)); then
    printf '%-44s %10s %10s %8s  %s\n' "$what" "< $target" - - "not measured"
    return
  fi
  awk -v what="$what" -v target="$target" -v median="$(median "$@")" 'BEGIN {
    printf "%-44s %10s %10.1f %8.2f  %s\n", what, "< " target, median, median / target, median < target ? "good" : "missed"
  }'
}

# median SAMPLE…: prints the one in the middle.
median() {
  printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

main
exit 0
