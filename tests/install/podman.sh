# Podman's API on a socket of its own, for as long as the tests run: its store is in a temporary folder.
# Sourced by tests/run.

podman_pid=
podman_folder=

# start_podman: starts it where it is installed and this is root, and exports where it listens.
start_podman() {
  command -v podman >/dev/null && [[ $(id --user) == 0 ]] || return 0
  podman_folder=$(mktemp -d)
  podman_do system service --time=0 "unix://$podman_folder/podman.sock" >"$podman_folder/log" 2>&1 &
  podman_pid=$!
  for _ in {1..100}; do
    [[ ! -S $podman_folder/podman.sock ]] || break
    sleep 0.1
  done
  [[ -S $podman_folder/podman.sock ]] || { say "podman did not start"; cat "$podman_folder/log" >&2; return 1; }
  export EDGECTL_TEST_PODMAN=unix://$podman_folder/podman.sock
}

podman_do() { podman --root "$podman_folder/store" --runroot "$podman_folder/run" "$@"; }

# stop_podman: ends what start_podman started, and removes what it stored.
stop_podman() {
  [[ -n $podman_pid ]] || return 0
  kill "$podman_pid" 2>/dev/null || true
  wait "$podman_pid" || true
  podman_do system reset --force >/dev/null 2>&1 || true
  rm -rf "$podman_folder"
}
