#!/usr/bin/env bash
# Asks the advisor with OpenAI's Python client: openai-python.sh URL TOKEN. The client is installed once, by its name, into
# target/openai-python ($OPENAI_PYTHON names an interpreter that has it).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${OPENAI_PYTHON:-}
if [ -z "$python" ]; then
  home=target/openai-python
  [ -x "$home/bin/python" ] || python3 -m venv "$home"
  "$home/bin/python" -c 'import openai' 2>/dev/null || "$home/bin/pip" install --quiet --disable-pip-version-check 'openai==3.*'
  python=$home/bin/python
fi
exec "$python" tests/clients/openai_client.py "$1" "$2"
