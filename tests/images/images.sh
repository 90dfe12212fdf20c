# Base images for the templates' `BASE_IMAGE` and `BUILD_IMAGE`: nothing can be pulled where these tests run, so they
# are made of the machine's own Debian release, the wheels and npm cache of sdks.sh, and the machine's Rust.
# Sourced by tests/run. An image's tag is the checksum of what it was made from, so a second run finds it.

image_name=edgectl-tests
debian_packages=gcc,libc6-dev,libstdc++6,python3,python3-pip,python3-venv

# export_images: sets the variables of the images that the engine has.
export_images() {
  has_image "$(python_image)" && EDGECTL_TEST_BASE_PYTHON=$(python_image) && export EDGECTL_TEST_BASE_PYTHON
  has_image "$(node_image)" && EDGECTL_TEST_BASE_NODE=$(node_image) && export EDGECTL_TEST_BASE_NODE
  has_image "$(rust_image)" && EDGECTL_TEST_BASE_RUST=$(rust_image) && export EDGECTL_TEST_BASE_RUST
  has_image "$(go_image)" && EDGECTL_TEST_BASE_GO=$(go_image) && export EDGECTL_TEST_BASE_GO
  return 0
}

# make_images: makes the images that the engine lacks.
make_images() {
  make_image "$(debian_image)" import_debian
  make_image "$(python_image)" build_python
  make_image "$(node_image)" build_node
  make_image "$(rust_image)" build_rust
  make_image "$(go_image)" build_go
}

debian_image() { image_of debian /etc/os-release <(declare -f import_debian; echo "$debian_packages"); }
python_image() { image_of python <(debian_image) tests/images/python.Dockerfile "${python_lists[@]}"; }
node_image() { image_of node <(debian_image) tests/images/node.Dockerfile "${node_lists[@]}"; }
rust_image() { image_of rust <(debian_image) tests/images/rust.Dockerfile <(rustc --version) "${rust_lists[@]}"; }

go_image() { image_of go <(debian_image) tests/images/go.Dockerfile <(go version); }

image_of() { echo "$image_name/$1:$(fingerprint "${@:2}")"; }

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

make_image() { # IMAGE MAKER
  has_image "$1" && return
  say "making the image $1"
  "$2" "$1"
}

import_debian() {
  local root=$parts/debian release
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  rm -rf "$root"
  debootstrap --variant=minbase --include="$debian_packages" "$release" "$root" >"$parts/debootstrap.log"
  rm -rf "$root"/var/cache/apt "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,info,locale,man}/*
  tar --create --directory "$root" --exclude=./dev/* . | docker import --change 'CMD ["/bin/sh"]' - "$1" >/dev/null
  rm -rf "$root"
}

build_python() {
  tar --create --directory "$parts" wheels --directory "$PWD/tests/images" python.Dockerfile | build_image "$1" python
}

build_node() {
  local modules=$parts/node/node_modules
  tar --create --directory "$(dirname "$(dirname "$(node_program)")")" bin/node \
    --directory "$modules" npm --directory "$parts" npm-cache --directory "$PWD/tests/images" node.Dockerfile |
    build_image "$1" node
}

build_rust() {
  local toolchain
  toolchain=$(rustc --print sysroot)
  tar --create --directory "$toolchain" --transform 's,^\(bin\|lib\)/,toolchain/&,' bin/cargo bin/rustc lib \
    --directory "$parts" cargo-home --directory "$PWD/tests/images" rust.Dockerfile |
    build_image "$1" rust
}

# Debian's packages of Go lie in two folders that lead to each other.
build_go() {
  tar --create --dereference --directory "$(go env GOROOT)" --transform 's,^,go/,' --exclude=testdata bin pkg src \
    --directory "$PWD/tests/images" --transform 's,^go/\(go.Dockerfile\),\1,' go.Dockerfile |
    build_image "$1" go
}

build_image() { # IMAGE NAME, with the context on stdin
  # Without the variable some clients ask for a plug-in that Debian does not bring, others complain that it is set.
  DOCKER_BUILDKIT=0 docker build --quiet --file "$2.Dockerfile" --build-arg "DEBIAN=$(debian_image)" --tag "$1" - \
    >"$parts/$2-image.log" 2>&1 || { cat "$parts/$2-image.log" >&2; return 1; }
}
