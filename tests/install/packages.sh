# Debian's packages. Sourced by tests/run.

packages=(apache2-utils busybox-static ca-certificates debootstrap default-jdk-headless docker-registry docker.io gcc golang-go iptables iproute2 junit5 libc6-dev libcjson-dev libfaketime libgoogle-gson-java libssl-dev pkg-config podman python3 python3-dev python3-venv)

# install_packages: installs what is missing; needs root only then.
install_packages() {
  local missing=()
  for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  # A machine may have its Node from elsewhere; the tests bring their own through npm.
  command -v npm >/dev/null || missing+=(nodejs npm)
  ((${#missing[@]})) || return 0
  say "installing the packages ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${missing[@]}" >&2
}

is_installed() { [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }
