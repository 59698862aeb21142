#!/usr/bin/env bash
# Installs Debian's Go, Ruby, PHP and Java, in which the code of docs/webhooks.md is run. Says why when it cannot.
set -euo pipefail
command -v apt-get >/dev/null || { echo "no apt-get to install Go, Ruby, PHP and Java with"; exit 1; }
[ "$(id -u)" = 0 ] || { echo "Go, Ruby, PHP or Java is missing, and only root can install it"; exit 1; }
packages=()
command -v go >/dev/null || packages+=(golang-go)
command -v ruby >/dev/null || packages+=(ruby)
command -v php >/dev/null || packages+=(php-cli)
command -v javac >/dev/null || packages+=(default-jdk-headless)
[ ${#packages[@]} -gt 0 ] || exit 0
apt-get install -y --no-install-recommends "${packages[@]}" ||
  { apt-get update && apt-get install -y --no-install-recommends "${packages[@]}"; } ||
  { echo "apt-get could not install ${packages[*]}"; exit 1; }
