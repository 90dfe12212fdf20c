# Debian's Go, as the official image presents it.
ARG DEBIAN
FROM $DEBIAN
COPY go /usr/local/go
ENV GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-mod=mod PATH=/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin
