#!/usr/bin/env bash
# Installs Debian's packages of these names. Says why when it cannot.
set -euo pipefail
command -v apt-get >/dev/null || { echo "there is no apt-get to install $* with"; exit 1; }
[ "$(id -u)" = 0 ] || { echo "only root can install what is missing: apt-get install $*"; exit 1; }
install() { apt-get install -y --no-install-recommends "$@"; }
install "$@" || { apt-get update && install "$@"; } || { echo "apt-get could not install $*"; exit 1; }
