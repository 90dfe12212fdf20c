# The machine's own Rust toolchain, and the crates of the Rust template, so that cargo builds without network.
ARG DEBIAN
FROM $DEBIAN
COPY toolchain /usr/local
COPY cargo-home /usr/local/cargo
ENV CARGO_HOME=/usr/local/cargo CARGO_NET_OFFLINE=true PATH=/usr/local/cargo/bin:/usr/local/bin:/usr/bin:/bin
