# Debian's Python, as the official image presents it: `python` and `pip` on the path, no guard against pip.
ARG DEBIAN
FROM $DEBIAN
RUN ln -s python3 /usr/bin/python && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
COPY wheels /opt/wheels
ENV PIP_FIND_LINKS=/opt/wheels PIP_NO_INDEX=1 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
