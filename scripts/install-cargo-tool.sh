#!/usr/bin/env bash
# Installs a cargo subcommand when it is missing: install-cargo-tool.sh cargo-nextest 0.9.143
# A version that is there already is used as it is.
set -euo pipefail

tool=$1
version=$2
if ! command -v "$tool" >/dev/null; then
    echo "installing $tool $version: this takes some minutes, once" >&2
    cargo install --locked "$tool" --version "$version"
fi
