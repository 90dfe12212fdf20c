# The real parts that tests use, and the variables that tell the tests where each is. Sourced by tests/run.
#
#   EDGECTL_TEST_PARTS               `all`: a part without its variable is a failure, not a test left out
#   EDGECTL_TEST_ROOT                `1`: this is root, who may mount a disk
#   EDGECTL_TEST_ENGINE              `1`: a container engine answers
#   EDGECTL_TEST_PODMAN              address of Podman's socket
#   EDGECTL_TEST_REGISTRY            host:port of a registry that is open to everybody
#   EDGECTL_TEST_REGISTRY_AUTH       host:port of a registry that wants the next two
#   EDGECTL_TEST_REGISTRY_USER       its user
#   EDGECTL_TEST_REGISTRY_PASSWORD   its password
#   EDGECTL_TEST_PYTHON              Python with the Azure SDK
#   EDGECTL_TEST_WHEELS              folder of wheels, for pip without network
#   EDGECTL_TEST_DEBUGPY             folder of the wheel of debugpy
#   EDGECTL_TEST_IOTEDGEDEV          iotedgedev 3.3.9
#   EDGECTL_TEST_NODE                Node
#   EDGECTL_TEST_NODE_MODULES        node_modules with the Azure SDK
#   EDGECTL_TEST_NPM_CACHE           npm's cache, for npm without network
#   EDGECTL_TEST_FAKETIME            library of libfaketime, which sets the clock of a program
#   EDGECTL_TEST_CARGO_HOME          crates of the Rust template, for cargo without network
#   EDGECTL_TEST_GO                  folder of Go's program
#   EDGECTL_TEST_CJSON               `1`: the headers of cJSON, which the C template reads JSON with
#   EDGECTL_TEST_JARS                archives that the Java template is compiled and tested with
#   EDGECTL_TEST_BASE_GO             image to build Go modules on
#   EDGECTL_TEST_BASE_PYTHON         image to build Python modules on
#   EDGECTL_TEST_BASE_NODE           image to build Node modules on
#   EDGECTL_TEST_BASE_RUST           image to build Rust modules with

parts=$PWD/target/parts
java_archives=(gson junit-jupiter-{api,engine} junit-platform-{commons,console,engine,launcher,reporting} opentest4j apiguardian-api picocli)

# say WORD…: tells a step.
say() { printf '==> %s\n' "$*" >&2; }

# is_made PART FILE…: says whether PART was made from these files as they are now.
is_made() { [[ -f $parts/$1.made-from && $(<"$parts/$1.made-from") == "$(fingerprint "${@:2}")" ]]; }

# note_made PART FILE…: remembers what PART was made from.
note_made() { fingerprint "${@:2}" >"$parts/$1.made-from"; }

# fingerprint FILE…: prints a short checksum of the files' content.
fingerprint() { cat "$@" | sha256sum | cut -c1-12; }

# export_parts: sets the variables of the parts that are here; the registries set theirs when they start.
export_parts() {
  if [[ $(id --user) == 0 ]]; then export EDGECTL_TEST_ROOT=1; fi
  local faketime=/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketimeMT.so.1
  if [[ -f $faketime ]]; then export EDGECTL_TEST_FAKETIME=$faketime; fi
  if is_made python "${python_lists[@]}"; then
    export EDGECTL_TEST_PYTHON=$parts/python/bin/python EDGECTL_TEST_WHEELS=$parts/wheels
  fi
  if is_made debugpy "${debugpy_lists[@]}"; then export EDGECTL_TEST_DEBUGPY=$parts/debugpy; fi
  if is_made iotedgedev "${iotedgedev_lists[@]}"; then
    export EDGECTL_TEST_IOTEDGEDEV=$parts/iotedgedev/bin/iotedgedev
  fi
  if is_made node "${node_lists[@]}"; then
    EDGECTL_TEST_NODE=$(node_program)
    export EDGECTL_TEST_NODE EDGECTL_TEST_NODE_MODULES=$parts/node-sdk/node_modules EDGECTL_TEST_NPM_CACHE=$parts/npm-cache
  fi
  if is_made crates "${rust_lists[@]}"; then export EDGECTL_TEST_CARGO_HOME=$parts/cargo-home; fi
  if command -v go >/dev/null; then EDGECTL_TEST_GO=$(dirname "$(command -v go)"); export EDGECTL_TEST_GO; fi
  if is_installed libcjson-dev; then export EDGECTL_TEST_CJSON=1; fi
  if command -v javac >/dev/null && is_installed junit5 && is_installed libgoogle-gson-java; then
    EDGECTL_TEST_JARS=$(printf '/usr/share/java/%s.jar:' "${java_archives[@]}")
    export EDGECTL_TEST_JARS=${EDGECTL_TEST_JARS%:}
  fi
  engine_answers || return 0
  export EDGECTL_TEST_ENGINE=1
  export_images
}

# list_left_out: tells which parts are missing, and so what will not be tested.
list_left_out() {
  local name missing=()
  for name in $(sed -n 's/^#   \(EDGECTL_TEST_[A-Z_]*\) .*/\1/p' tests/install/parts.sh); do
    [[ $name == EDGECTL_TEST_PARTS || -n ${!name:-} ]] || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  say "tests of these parts are left out, since they are not here (tests/run --install brings them):"
  printf '      %s\n' "${missing[@]}" >&2
}
