#!/usr/bin/env bash
# Runs each fuzz target SECONDS seconds (default 60), two at a time; fails where one finds a crash, whose input it names.
# Usage: fuzz/run.sh [SECONDS]. Wants nightly Rust; installs cargo-fuzz where it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
targets=(webhook_xml webhook_json decryption markdown)
built="${CARGO_TARGET_DIR:-$PWD/fuzz/target}/$(rustc +nightly -vV | sed -n 's/^host: //p')/release"

cargo fuzz --version >/dev/null 2>&1 || cargo install cargo-fuzz --locked

began=$(date +%s)
# The code is safe Rust: a sanitizer would find nothing more and be slower.
cargo +nightly fuzz build --sanitizer none
echo "built in $(($(date +%s) - began)) s"

run() {
    corpus="fuzz/corpus/$1"
    mkdir -p "$corpus" "fuzz/artifacts/$1"
    "$built/$1" "$corpus" "fuzz/seeds/$1" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 \
        -artifact_prefix="fuzz/artifacts/$1/" >"fuzz/artifacts/$1.log" 2>&1
}

report() {
    log="fuzz/artifacts/$1.log"
    rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
    if [ "$2" -eq 0 ]; then
        echo "$1: ${rate:-0} runs per second"
        return
    fi
    failed=1
    echo "$1: failed"
    grep -a -A3 -e 'panicked at' -e 'ERROR: libFuzzer' -e 'Test unit written' "$log" || tail -n 5 "$log"
}

failed=0
set -- "${targets[@]}"
while [ $# -gt 0 ]; do
    first=$1
    second=${2:-}
    shift
    run "$first" &
    first_id=$!
    if [ -n "$second" ]; then
        shift
        run "$second" && code=0 || code=$?
        report "$second" "$code"
    fi
    wait "$first_id" && code=0 || code=$?
    report "$first" "$code"
done
exit "$failed"
