#!/usr/bin/env bash
# Installs Debian's Go, Ruby, PHP and Java, in which the code of docs/webhooks.md is run. Says why when it cannot.
set -euo pipefail
packages=()
command -v go >/dev/null || packages+=(golang-go)
command -v ruby >/dev/null || packages+=(ruby)
command -v php >/dev/null || packages+=(php-cli)
command -v javac >/dev/null || packages+=(default-jdk-headless)
[ ${#packages[@]} -eq 0 ] || "$(dirname "$0")/install-packages.sh" "${packages[@]}"
