#!/usr/bin/env bash
# Puts what the checks against the platforms need into a cache folder: a venv and node_modules, with pinned versions.
# Ends with 3 where the packages cannot be had, so that a caller can tell "not checked" from "wrong".
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${YUNZHU_PLATFORMS:-$here/../../target/platforms}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

absent() {
    printf 'platforms: not checked: %s\n' "$*" >&2
    exit 3
}

command -v python3 >/dev/null || absent "there is no python3"
command -v npm >/dev/null || absent "there is no npm"
wanted=$(cat "$here/requirements.txt" "$here/package-lock.json" "$here/install.sh" | sha256sum | cut -d ' ' -f 1)
if [ "$(cat "$cache/installed" 2>/dev/null || true)" = "$wanted" ]; then
    exit 0
fi
rm -f "$cache/installed"
python3 -m venv --clear "$cache/venv" || absent "python3 makes no venv"
"$cache/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" \
    || absent "the Python packages of requirements.txt cannot be had"
cp "$here/package.json" "$here/package-lock.json" "$cache/"
(cd "$cache" && npm ci --silent --no-audit --no-fund) || absent "the Node packages of package-lock.json cannot be had"
printf '%s\n' "$wanted" >"$cache/installed"
