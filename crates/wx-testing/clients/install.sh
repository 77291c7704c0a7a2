#!/bin/sh
# Installs the released clients into the directory DEST, by default target/clients. Clients whose
# pins are unchanged are skipped. Chromium is not installed here; it is a package of Debian.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
dest=${1:-$here/../../../target/clients}
mkdir -p "$dest"
dest=$(cd "$dest" && pwd)

sh "$here/python/install.sh" "$dest/python" &
python=$!
status=0
sh "$here/node/install.sh" "$dest/node" || status=1
wait "$python" || status=1
exit "$status"
