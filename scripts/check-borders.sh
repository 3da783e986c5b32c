#!/usr/bin/env bash
# Proves that deny.toml refuses what it should: copies the manifests, adds every forbidden dependency
# to the copy, and expects cargo-deny to name each one. Reads only; the copy is thrown away.
set -euo pipefail
cd "$(dirname "$0")/.."

# One border a line: the crate that must not, and what it must not depend on.
# (The opposite of an allowed dependency needs no line: cargo refuses a cycle.)
forbidden='
coffer-engine sqlx
coffer-server sqlx
coffer-server coffer-store
coffer-edge coffer-store
coffer coffer-store
coffer-store coffer-envelope
coffer-engine coffer-envelope
coffer-server coffer-envelope
coffer coffer-envelope
coffer-server coffer-edge
coffer-store coffer-crypto
coffer-server coffer-crypto
coffer-edge coffer-engine
coffer-edge axum
coffer-engine axum
coffer-engine capnp
coffer-server clap
coffer-server coffer-wrangler-config
coffer-engine coffer-wrangler-config
coffer coffer-testkit
coffer-server coffer-testkit
'

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp Cargo.toml Cargo.lock deny.toml "$copy"

manifest_of() {
    grep -l --fixed-strings --line-regexp "name = \"$1\"" "$copy"/*/*/Cargo.toml
}

for manifest in crates/*/Cargo.toml tests/*/Cargo.toml; do
    mkdir -p "$copy/$(dirname "$manifest")"
    cp "$manifest" "$copy/$manifest"
done
# A manifest is only accepted together with its targets; empty ones will do.
find crates tests -name '*.rs' -not -path '*/node_modules/*' | while read -r source; do
    mkdir -p "$copy/$(dirname "$source")"
    : >"$copy/$source"
done

while read -r crate dependency; do
    [ -n "$crate" ] || continue
    manifest=$(manifest_of "$crate")
    grep -q '^\[dependencies\]$' "$manifest" || { echo "check-borders: $crate has no [dependencies]" >&2; exit 1; }
    sed -i "s/^\[dependencies\]$/&\n$dependency = { workspace = true }/" "$manifest"
done <<<"$forbidden"

answer=$(cd "$copy" && cargo deny --exclude-dev check -A unused-wrapper bans 2>&1) && {
    echo "check-borders: cargo-deny accepted every forbidden dependency" >&2
    exit 1
}

failures=0
while read -r crate dependency; do
    [ -n "$crate" ] || continue
    if ! grep -q "direct parent '$crate = [^']*' of banned crate '$dependency = " <<<"$answer"; then
        echo "check-borders: $crate may depend on $dependency, and must not" >&2
        failures=1
    fi
done <<<"$forbidden"

if [ "$failures" -ne 0 ]; then
    tail -n 40 <<<"$answer" >&2
    exit 1
fi
echo "check-borders: every forbidden dependency is refused"
