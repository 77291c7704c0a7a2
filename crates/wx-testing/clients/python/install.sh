#!/bin/sh
# install.sh DEST [CLIENT...]: installs each client with its dependencies into DEST/CLIENT.
# A client whose pins are unchanged is skipped. Two are installed at a time.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
export PYTHONNOUSERSITE=1

# An installation depends on the pins, this script, and the interpreter.
pins() {
    "$python" -c 'import sys; print(sys.version, sys.platform)'
    cat "$here/install.sh" "$here/requirements/build.txt" "$here/requirements/common.txt" \
        "$here/requirements/qrcode.txt" "$here/requirements/$1.txt"
}

# install DEST NAME. An interrupted installation never looks complete: the pins are written last.
install() {
    wanted=$(pins "$2")
    if [ "$(cat "$1/$2/.pins" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    rm -rf "${1:?}/$2"
    # Sources are built by the setuptools pinned in build.txt, not by whatever pip would fetch.
    PYTHONPATH="$1/build" "$python" -m pip --disable-pip-version-check install --quiet --no-input \
        --root-user-action=ignore --no-deps --require-hashes --no-build-isolation --use-pep517 \
        --target "$1/$2" --requirement "$here/requirements/$2.txt"
    printf '%s\n' "$wanted" >"$1/$2/.pins"
}

if [ "$1" = --one ]; then
    install "$2" "$3"
    exit
fi

mkdir -p "$1"
dest=$(cd "$1" && pwd)
shift
if [ $# -eq 0 ]; then
    set -- itchat itchat-uos itchat-uos-patch itchat-efb wxpy bl-wxpy pywxclient
fi
install "$dest" build
printf '%s\n' "$@" | xargs -n 1 -P 2 sh "$here/install.sh" --one "$dest"
