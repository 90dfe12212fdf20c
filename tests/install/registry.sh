# Two registries on loopback ports that the system chooses: one open, one with a password. Sourced by tests/run.

registry_pids=()
registry_user=edgectl
# In basic authentication this gives `+` and `/` in plain base64, which engines do not read: they want the URL-safe one.
registry_password='~~~???>>>~'

# start_registries: starts both, empty, and exports where they listen.
start_registries() {
  command -v docker-registry >/dev/null && command -v htpasswd >/dev/null || return 0
  rm -rf "$parts/registry"
  mkdir -p "$parts/registry"
  htpasswd -Bbn "$registry_user" "$registry_password" >"$parts/registry/htpasswd"
  start_registry open ""
  EDGECTL_TEST_REGISTRY=$(registry_address open)
  start_registry auth "auth: {htpasswd: {realm: tests, path: $parts/registry/htpasswd}}"
  EDGECTL_TEST_REGISTRY_AUTH=$(registry_address auth)
  export EDGECTL_TEST_REGISTRY EDGECTL_TEST_REGISTRY_AUTH
  export EDGECTL_TEST_REGISTRY_USER=$registry_user EDGECTL_TEST_REGISTRY_PASSWORD=$registry_password
}

# stop_registries: ends what start_registries started.
stop_registries() {
  ((${#registry_pids[@]})) || return 0
  kill "${registry_pids[@]}" 2>/dev/null || true
}

start_registry() { # NAME AUTH
  cat >"$parts/registry/$1.yml" <<CONFIG
version: 0.1
log: {level: info}
storage: {filesystem: {rootdirectory: $parts/registry/$1}}
http: {addr: 127.0.0.1:0, secret: tests}
$2
CONFIG
  docker-registry serve "$parts/registry/$1.yml" >"$parts/registry/$1.log" 2>&1 &
  registry_pids+=($!)
}

# registry_address NAME: waits until it listens and prints where.
registry_address() {
  local address
  for _ in {1..100}; do
    address=$(sed -n 's/.*msg="listening on \([^"]*\)".*/\1/p' "$parts/registry/$1.log")
    [[ -z $address ]] || break
    sleep 0.1
  done
  [[ -n $address ]] || { say "docker-registry did not start"; cat "$parts/registry/$1.log" >&2; return 1; }
  echo "$address"
}
