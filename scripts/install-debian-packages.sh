#!/usr/bin/env bash
# Installs the named Debian packages that are missing. Does nothing, and needs no rights, when none is.
set -euo pipefail

missing=()
for package in "$@"; do
    dpkg-query --show --showformat='${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "missing: ${missing[*]}. This is not Debian: install what these packages contain, then run make again." >&2
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo --non-interactive true 2>/dev/null; then
        echo "missing: ${missing[*]}. Run: sudo apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo --non-interactive)
fi

export DEBIAN_FRONTEND=noninteractive
install=(apt-get install --yes --no-install-recommends "${missing[@]}")
"${as_root[@]}" "${install[@]}" </dev/null || {
    # A fresh machine has no package lists yet.
    "${as_root[@]}" apt-get update </dev/null
    "${as_root[@]}" "${install[@]}" </dev/null
}
