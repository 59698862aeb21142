#!/usr/bin/env bash
# Installs Debian's Chromium, in which the pages are tested. Says why when it cannot.
set -euo pipefail
command -v apt-get >/dev/null || { echo "no Chromium, and no apt-get to install it with: set CHROME_PATH"; exit 1; }
[ "$(id -u)" = 0 ] || { echo "no Chromium: install it (apt-get install chromium), or set CHROME_PATH"; exit 1; }
apt-get install -y --no-install-recommends chromium ||
  { apt-get update && apt-get install -y --no-install-recommends chromium; } ||
  { echo "no Chromium: apt-get could not install it"; exit 1; }
