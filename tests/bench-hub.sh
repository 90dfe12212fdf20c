#!/usr/bin/env bash
# Measures the edge hub beside mosquitto: both in this run, with the same generator (tests/bench/), each figure the
# median of ROUNDS rounds in which they take turns. edgectl speaks TLS and keeps every message on disk before it
# acknowledges it; mosquitto speaks plain TCP and keeps everything in memory, in the faster of its default settings
# and `set_tcp_nodelay true`. Tells and never fails: a busy machine is no defect. For the latency there is mosquitto with
# TLS, too, which is what the protocol that modules speak costs by itself: it misses the target as well. And how often
# threads were switched for a message, which no other load on the machine changes by much.
#
# Where the time goes (perf, 1,000 messages/s): of some 95 µs, 70 are the kernel's, which wakes edgectl and then the
# reader; mosquitto waits for the same. 20 µs pass in edgectl from reading a message to writing it (mosquitto without TLS
# 10): a quarter is TLS, a fifth each MQTT and the hub's routing and queueing, the rest tasks that wait for each other. No
# function has 2 %, and after each pause the code is cold in the processor's caches, so its size counts: what is measured
# is what is shipped, and the profile `dist` takes a tenth off p50. Storing, counting and showing a message come after its
# delivery. One thread reads from the sensor, takes the dispatcher's turn and writes to the reader; only then is the
# store's thread woken, and what it has stored wakes the first one again for the PUBACK: 4 to 6 switches for a message,
# where mosquitto has 2. A message takes 65,000 instructions in all (callgrind; half of them in TLS and MQTT).
# The thousand connections are child devices: so many modules do not fit into the twin of `$edgeAgent`.
#   apt-get install mosquitto
#   tests/bench-hub.sh [ROUNDS [SECONDS]]
set -uo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C # or the numbers would have the comma of some languages

rounds=${1:-3}
seconds=${2:-3}
pairs=50
idle=1000
# Beside the default address, so that a simulation that runs meanwhile is not in the way.
address=127.0.78
last=0
edgectl=$PWD/target/dist/edgectl
work=$(mktemp -d)
declare -A samples=() server=() process=()
declare -A title=([messages]=edgectl [tls]="mosquitto with TLS" [nodelay]="mosquitto")

main() {
  trap end EXIT
  build || return
  printf '%-56s %10s %10s %7s  %s\n' figure edgectl target ratio verdict
  measure_messages
  measure_memory_and_connections
  measure_calls
  measure_routes
  measure_backlog
}

build() {
  cargo build --profile dist --quiet || return 1
  generator=$(cargo build --release --quiet --bench hub --message-format=json |
    sed -n 's/.*"name":"hub".*"executable":"\([^"]*\)".*/\1/p')
  command -v mosquitto >/dev/null || PATH=$PATH:/usr/sbin
  command -v mosquitto >/dev/null || { echo "there is no mosquitto: run \`apt-get install mosquitto\`"; return 1; }
}

# Messages from module to module: throughput, then latency, the three servers in turn.
measure_messages() {
  start_edgectl messages 0 0
  start_mosquitto default ""
  start_mosquitto nodelay "set_tcp_nodelay true"
  start_mosquitto_tls
  local round name count bytes window
  for ((round = 0; round < rounds; round++)); do
    for name in messages default nodelay; do
      for count in 1 "$pairs"; do
        for bytes in 256 1024; do
          for window in 20 100; do
            sample "$name $count $bytes $window" throughput "${server[$name]}" "$count" "$bytes" "$window" "$seconds"
          done
        done
      done
    done
    for name in messages default nodelay tls; do sample_latency "$name"; done
  done
  stop messages; stop default; stop nodelay; stop tls
  local factor
  for count in 1 "$pairs"; do
    if ((count == 1)); then factor=1.0; else factor=1.5; fi
    for bytes in 256 1024; do
      for window in 20 100; do
        tell_more "$count/$count, $bytes B, window $window: messages/s" \
          "$(median "messages $count $bytes $window")" \
          "$(best max "$(median "default $count $bytes $window")" "$(median "nodelay $count $bytes $window")")" "$factor"
      done
    done
  done
  local plain
  for figure in p50 p99; do
    plain=$(best min "$(median "default latency" $figure)" "$(median "nodelay latency" $figure)")
    tell_less "1,000 messages/s: $figure, µs" "$(median "messages latency" $figure)" "$plain" 1.5
    tell_less "  the same, mosquitto with TLS" "$(median "tls latency" $figure)" "$plain" 1.5
    tell_less "  edgectl beside mosquitto with TLS" "$(median "messages latency" $figure)" "$(median "tls latency" $figure)" 1.5
  done
  for name in messages tls nodelay; do
    printf '  switches of threads a message: %-24s %10.1f\n' "${title[$name]}" "$(median "$name latency" switches)"
  done
}

# sample_latency NAME: and how often the server's threads were switched for a message.
sample_latency() {
  local before
  before=$(switches "$1")
  sample "$1 latency" latency "${server[$1]}" 1000 "$seconds"
  samples["$1 latency switches"]+="$(echo "$before $(switches "$1") $seconds" | awk '{ print ($2 - $1) / $3 / 1000 }') "
}

measure_memory_and_connections() {
  start_edgectl connections "$idle" 0
  local held fifo=$work/hold
  mkfifo "$fifo"
  "$generator" connections "${server[connections]}" "$idle" <"$fifo" >"$work/connected" &
  local client=$!
  exec {held}>"$fifo"
  local waited=0
  until [[ -s $work/connected ]] || ((waited++ > 600)); do sleep 0.1; done
  tell_less "$idle connections established, ms" "$(awk '{ print $2 }' "$work/connected")" 2000 1
  tell_less "resident with $idle connections, MB" "$(resident connections)" 60 1
  exec {held}>&-
  wait "$client"
  stop connections
}

measure_calls() {
  start_edgectl calls 0 0
  tell_less "resident, idle, MB" "$(resident calls)" 30 1
  sample methods methods "${server[calls]}" 2000
  tell_less "direct method, module to module: p50, µs" "$(median methods p50)" 500 1
  sample twins twins "${server[calls]}" 2000
  tell_less "twin patch to notification: p50, µs" "$(median twins p50)" 500 1
  stop calls
}

# The cost of a message is what the processor spends on it: the same load, with and without routes that do not match.
measure_routes() {
  local round name pairs=1
  start_edgectl few 0 0
  start_edgectl many 0 1000
  for ((round = 0; round < rounds; round++)); do
    for name in few many; do
      sample "$name routes" throughput "${server[$name]}" 1 256 100 "$seconds"
    done
  done
  stop few; stop many
  tell_more "1,000 further routes: messages/s" "$(median "many routes")" "$(median "few routes")" 0.5
}

# A million messages that nobody reads, sent faster than a disk writes; then edgectl is killed and started again.
measure_backlog() {
  start_edgectl backlog 0 0
  sample flood flood "${server[backlog]}" 1000000 1024
  tell_less "resident with 1,000,000 messages of 1 KB, MB" "$(resident backlog)" 100 1
  kill -9 "${process[backlog]}"
  local start=$EPOCHREALTIME
  start_edgectl backlog 0 0
  tell_less "start with these messages, ms" "$(echo "$start $EPOCHREALTIME" | awk '{ print ($2 - $1) * 1000 }')" 1000 1
  tell_less "resident after that, MB" "$(resident backlog)" 100 1
  stop backlog
}

# start_edgectl NAME CHILDREN ROUTES
start_edgectl() {
  local name=$1 folder=$work/$1 external=() module child
  mkdir -p "$folder"
  "$generator" solution "$folder" "$pairs" "$3"
  for module in $(names s "$pairs") $(names r "$pairs"); do external+=(--external "$module"); done
  for child in $(names c "$2"); do "$edgectl" -C "$folder" --quiet device add "$child" --parent bench || exit 1; done
  ((++last))
  echo "$address.$last" >"$folder/address"
  "$edgectl" -C "$folder" simulate --file deployment.json --device bench --address "$address.$last" --detach --json \
    "${external[@]}" >"$folder/ready" 2>"$folder/errors" || { cat "$folder/errors" >&2; exit 1; }
  process[$name]=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$folder/ready")
  server[$name]=$folder
}

names() { if (($2 > 0)); then seq -f "$1%g" 0 $(($2 - 1)); fi; }

# start_mosquitto NAME SETTING
start_mosquitto() {
  ((++last))
  server[$1]=$address.$last:1883
  printf 'listener 1883 %s\nallow_anonymous true\n%s\n' "$address.$last" "$2" >"$work/$1.conf"
  mosquitto -c "$work/$1.conf" >"$work/$1.log" 2>&1 &
  process[$1]=$!
  local waited=0
  until (exec 3<>"/dev/tcp/$address.$last/1883") 2>/dev/null || ((waited++ > 100)); do sleep 0.05; done
}

# With the nodelay setting, and a certificate like edgectl's.
start_mosquitto_tls() {
  local folder=$work/tls
  mkdir "$folder"
  "$generator" certificate "$folder" "$address.$((last + 1))"
  # It changes its user when it is started by root.
  chmod -R a+rX "$work"
  start_mosquitto tls "set_tcp_nodelay true
certfile $folder/server.pem
keyfile $folder/server.key.pem"
  echo "${server[tls]}" >"$folder/address"
  server[tls]=$folder
}

stop() {
  if [[ -d ${server[$1]}/.edgectl ]]; then "$edgectl" -C "${server[$1]}" --quiet stop; else kill "${process[$1]}"; fi
  unset "server[$1]"
}

end() {
  local name
  for name in "${!server[@]}"; do stop "$name"; done
  rm -rf "$work"
}

switches() { awk '/ctxt_switches/ { sum += $2 } END { print sum }' "/proc/${process[$1]}/task/"*/status; }

resident() { awk '/^VmRSS/ { print $2 / 1000 }' "/proc/${process[$1]}/status"; }

# sample NAME GENERATOR-ARGUMENTS…: keeps what the generator prints.
sample() {
  local name=$1 figure value
  shift
  while read -r figure value; do samples[$name $figure]+="$value "; done < <("$generator" "$@")
}

# median NAME [FIGURE]
median() {
  printf '%s\n' ${samples[$1 ${2:-messages/s}]:-} | sort -n |
    awk '{ v[NR] = $1 } END { if (NR) print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

best() { printf '%s\n' "$2" "$3" | sort -n | if [[ $1 == max ]]; then tail -n 1; else head -n 1; fi; }

# tell_more WHAT FOUND BASE FACTOR: a row of the table; as much as FACTOR times BASE is good.
tell_more() { tell "$@" ">=" ; }

# tell_less WHAT FOUND BASE FACTOR: at most FACTOR times BASE is good.
tell_less() { tell "$@" "<=" ; }

tell() {
  awk -v what="$1" -v found="$2" -v base="$3" -v factor="$4" -v sign="$5" 'BEGIN {
    if (found == "" || base == "") { printf "%-56s %s\n", what, "not measured"; exit }
    good = sign == ">=" ? found >= factor * base : found <= factor * base
    printf "%-56s %10.1f %2s %7.1f %7.2f  %s\n", what, found, sign, factor * base, found / base, good ? "good" : "missed"
  }'
}

main
exit 0
