#!/usr/bin/env bash
# Installs Debian's nginx with nchan, which the real-time bench measures us against. Says why when it cannot, and does not
# fail then: the bench leaves it out.
set -euo pipefail
module=/usr/lib/nginx/modules/ngx_nchan_module.so
[ ! -x /usr/sbin/nginx ] || [ ! -e "$module" ] || exit 0
"$(dirname "$0")/install-packages.sh" nginx-light libnginx-mod-nchan || echo "nchan is not measured"
