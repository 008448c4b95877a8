#!/usr/bin/env bash
# Runs a command with the Python packages of a requirements file: with-venv.sh REQUIREMENTS COMMAND...
# The environment is kept outside the clone, one for each content of the file.
set -euo pipefail
requirements=$1
shift
name=$(sha256sum "$requirements" | cut -c1-16)
venv="${XDG_CACHE_HOME:-$HOME/.cache}/muster/venv-$name"
if [ ! -e "$venv/complete" ]; then
  rm -rf "$venv"
  if ! python3 -m venv "$venv" 2>/dev/null; then
    # Debian keeps venv in a package of its own.
    apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
    python3 -m venv "$venv"
  fi
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
  touch "$venv/complete"
fi
PATH="$venv/bin:$PATH" exec "$@"
