#!/usr/bin/env bash
# The widget in a real browser, against a real server. Usage: tests/widget/run.sh [BINARY]
# Needs Node 20 and Chromium; takes the packages of package-lock.json. Screenshots are kept in target/widget-shots.
# Exit status 3: what it needs cannot be had here.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
binary=${1:-$root/target/debug/yunzhu}
[ -x "$binary" ] || { echo "there is no program $binary: run cargo build" >&2; exit 1; }

lacks() {
    printf 'the widget cannot be tested here: %s\n' "$*" >&2
    exit 3
}
command -v node >/dev/null && command -v npm >/dev/null || lacks "there is no Node"
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [ -z "$chromium" ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    { apt-get update -qq && apt-get install -y -qq chromium; } >/dev/null 2>&1 || true
    chromium=$(command -v chromium || true)
fi
[ -n "$chromium" ] || lacks "there is no Chromium; set CHROMIUM to its path"
export CHROMIUM=$chromium

work=$root/target/widget-tests
mkdir -p "$work"
cp "$here"/*.mjs "$here"/package*.json "$work/"
(cd "$work" && npm ci --no-audit --no-fund --loglevel=error) || lacks "the packages cannot be had"

export PAGES=$root/src/http/pages
node "$work/weigh.mjs"

scratch=$(mktemp -d)
service=
trap '[ -z "$service" ] || { kill -KILL "$service" && wait "$service"; } 2>/dev/null || true; rm -rf "$scratch"' EXIT
options=(--kb "$root/tests/data/kb" --data "$scratch/data" --index "$scratch/index")
for name in $(compgen -e YUNZHU_ || true); do unset "$name"; done
password=browser-tests-$RANDOM$RANDOM$RANDOM
printf '%s\n' "$password" | "$binary" "${options[@]}" user add wang --role operator --password-stdin >/dev/null
export DESK_AGENT=wang:$password
# The page of another site, which may show the window.
HOST_PORT=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
export HOST_PORT YUNZHU_WIDGET_FRAME_ORIGINS=http://localhost:$HOST_PORT
"$binary" "${options[@]}" serve --listen 127.0.0.1:0 2>"$scratch/serve.log" &
service=$!
for _ in $(seq 300); do
    port=$(sed -n 's#.*http://127\.0\.0\.1:\([0-9]*\)/.*#\1#p' "$scratch/serve.log" | head -n 1)
    [ -n "$port" ] && curl -sf "http://127.0.0.1:$port/readyz" >/dev/null 2>&1 && break
    sleep 0.1
done
export BASE=http://127.0.0.1:$port SHOTS=$root/target/widget-shots
rm -rf "$SHOTS"
cd "$work"
node --test --test-concurrency=1 widget.test.mjs || { tail -n 40 "$scratch/serve.log" >&2; exit 1; }
echo "screenshots: $SHOTS"
