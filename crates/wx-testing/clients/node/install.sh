#!/bin/sh
# Installs the packages of the Node drivers into the directory DEST. Does nothing if they are
# already there.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
dest=${1:?usage: install.sh DEST}
stamp=$dest/installed.json

cmp -s "$here/package-lock.json" "$stamp" && exit 0

mkdir -p "$dest"
rm -f "$stamp"
cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$dest"
cd "$dest"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
cp package-lock.json "$stamp"
