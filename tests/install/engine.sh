# The container engine: the one that answers, else a `dockerd` of our own for as long as the tests run.
# Sourced by tests/run.

engine_pid=

engine_answers() { docker version >/dev/null 2>&1; }

# start_engine: starts `dockerd` if no engine answers.
start_engine() {
  engine_answers && return
  say "starting dockerd"
  dockerd >"$parts/dockerd.log" 2>&1 &
  engine_pid=$!
  for _ in {1..120}; do
    engine_answers && return
    kill -0 "$engine_pid" 2>/dev/null || break
    sleep 0.5
  done
  tail -n 20 "$parts/dockerd.log" >&2
  say "dockerd did not start; its log is $parts/dockerd.log"
  return 1
}

# stop_engine: ends the engine that start_engine started, and no other.
stop_engine() {
  [[ -n $engine_pid ]] || return 0
  kill "$engine_pid" 2>/dev/null || return 0
  wait "$engine_pid" || true
}
