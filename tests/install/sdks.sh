# The Azure IoT SDKs for Python and Node, two AMQP clients, iotedgedev, and what pip, npm and cargo need to install again
# without network. Sourced by tests/run.

python_lists=(tests/sdk/requirements.txt tests/sdk/peers.txt)
debugpy_lists=(tests/sdk/debugpy.txt)
iotedgedev_lists=(tests/sdk/iotedgedev.txt)
node_lists=(tests/install/node/package.json tests/install/node/package-lock.json tests/sdk/package.json tests/sdk/package-lock.json templates/typescript/files/package.json.hbs)
rust_lists=(templates/rust/files/Cargo.*)
npm_quiet=(--ignore-scripts --no-audit --no-fund --loglevel error)

# node_program: prints the path of the Node that came from the npm registry, if it did.
node_program() { find "$parts"/node/node_modules/node-linux-*/bin/node 2>/dev/null || true; }

# install_python: a virtual environment with the SDK, and the wheels it is made of.
#
# Debian's own interpreter makes the wheels, so that they fit the one in the base image.
install_python() {
  is_made python "${python_lists[@]}" && return
  say "installing the Python SDK"
  rm -rf "$parts/python" "$parts/wheels"
  /usr/bin/python3 -m venv "$parts/python"
  "$parts/python/bin/pip" wheel --quiet --use-pep517 --wheel-dir "$parts/wheels" --requirement "${python_lists[0]}"
  "$parts/python/bin/pip" install --quiet --no-index --find-links "$parts/wheels" --requirement "${python_lists[0]}"
  "$parts/python/bin/pip" install --quiet --requirement "${python_lists[1]}"
  note_made python "${python_lists[@]}"
}

# install_debugpy: the wheel that a module's image with a debugger is made with.
install_debugpy() {
  is_made debugpy "${debugpy_lists[@]}" && return
  say "fetching debugpy"
  rm -rf "$parts/debugpy"
  "$parts/python/bin/pip" wheel --quiet --no-deps --wheel-dir "$parts/debugpy" --requirement "${debugpy_lists[0]}"
  note_made debugpy "${debugpy_lists[@]}"
}

# install_iotedgedev: a virtual environment of its own, for its libraries are many.
install_iotedgedev() {
  is_made iotedgedev "${iotedgedev_lists[@]}" && return
  say "installing iotedgedev"
  rm -rf "$parts/iotedgedev"
  /usr/bin/python3 -m venv "$parts/iotedgedev"
  "$parts/iotedgedev/bin/pip" install --quiet --requirement "${iotedgedev_lists[0]}"
  note_made iotedgedev "${iotedgedev_lists[@]}"
}

# install_node: Node with its npm, the SDK, and a cache to install the SDK from.
install_node() {
  is_made node "${node_lists[@]}" && return
  say "installing Node and the Node SDK"
  rm -rf "$parts/node" "$parts/node-sdk" "$parts/npm-cache"
  mkdir -p "$parts/node" "$parts/node-sdk"
  cp tests/install/node/package*.json "$parts/node/"
  cp tests/sdk/package*.json "$parts/node-sdk/"
  npm ci --prefix "$parts/node" "${npm_quiet[@]}" >&2
  npm ci --prefix "$parts/node-sdk" "${npm_quiet[@]}" >&2
  fill_npm_cache
  note_made node "${node_lists[@]}"
}

# fill_npm_cache: installs the SDK once more as a new module does, without a lock file: only then npm keeps in its
# cache what it needs to choose versions again.
fill_npm_cache() {
  local trial=$parts/npm-trial list
  for list in tests/sdk/package.json templates/typescript/files/package.json.hbs; do
    rm -rf "$trial"
    mkdir -p "$trial"
    sed 's/{{[^}]*}}/trial/g' "$list" >"$trial/package.json"
    "$(node_program)" "$parts/node/node_modules/npm/bin/npm-cli.js" install \
      --prefix "$trial" --cache "$parts/npm-cache" "${npm_quiet[@]}" >&2
  done
  rm -rf "$trial"
}

# install_crates: a cargo home with the crates of the Rust template.
install_crates() {
  is_made crates "${rust_lists[@]}" && return
  say "fetching the crates of the Rust template"
  local trial=$parts/crates-trial list
  rm -rf "$parts/cargo-home" "$trial"
  mkdir -p "$parts/cargo-home" "$trial/src"
  for list in "${rust_lists[@]}"; do
    sed 's/{{[^}]*}}/trial/g' "$list" >"$trial/$(basename "$list" .hbs)"
  done
  : >"$trial/src/main.rs"
  CARGO_HOME=$parts/cargo-home cargo fetch --quiet --manifest-path "$trial/Cargo.toml"
  rm -rf "$trial"
  note_made crates "${rust_lists[@]}"
}
