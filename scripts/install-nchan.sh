#!/usr/bin/env bash
# Installs Debian's nginx with nchan, which the real-time bench measures us against. Says why when it cannot, and does not
# fail then: the bench leaves it out.
set -euo pipefail
module=/usr/lib/nginx/modules/ngx_nchan_module.so
[ ! -x /usr/sbin/nginx ] || [ ! -e "$module" ] || exit 0
command -v apt-get >/dev/null || { echo "nchan is not measured: there is no apt-get to install it with"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "nchan is not measured: install it (apt-get install nginx-light libnginx-mod-nchan)"; exit 0; }
install() { apt-get install -y --no-install-recommends nginx-light libnginx-mod-nchan; }
install || { apt-get update && install; } || echo "nchan is not measured: apt-get could not install it"
