#!/usr/bin/env bash
# Installs the platforms' SDKs, proves the stand-in with them, and checks yunzhu against the stand-in.
# YUNZHU_BIN names the program (target/debug/yunzhu); YUNZHU_PLATFORMS the folder of the packages (target/platforms).
# Arguments go to checks.py. Ends with 3 where the packages cannot be had.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export YUNZHU_PLATFORMS=${YUNZHU_PLATFORMS:-$root/target/platforms}
export YUNZHU_BIN=${YUNZHU_BIN:-$root/target/debug/yunzhu}
export PYTHONDONTWRITEBYTECODE=1 NO_PROXY=127.0.0.1 no_proxy=127.0.0.1

[ -x "$YUNZHU_BIN" ] || { printf 'platforms: there is no %s: build it, or set YUNZHU_BIN\n' "$YUNZHU_BIN" >&2; exit 2; }
"$here/install.sh"
python=$YUNZHU_PLATFORMS/venv/bin/python
"$python" "$here/prove.py"
"$python" "$here/checks.py" "$@"
