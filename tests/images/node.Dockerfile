# Node and npm from the npm registry's own packages, and npm's cache, so that it installs without network.
ARG DEBIAN
FROM $DEBIAN
COPY bin/node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
COPY npm-cache /opt/npm-cache
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
    && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \
    && useradd --create-home node
ENV npm_config_cache=/opt/npm-cache npm_config_offline=true npm_config_audit=false npm_config_fund=false
