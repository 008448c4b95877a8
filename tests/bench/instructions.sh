#!/usr/bin/env bash
# A guard that noise cannot fool: counts the instructions of fixed work under callgrind and compares them with
# instructions.txt. Exit codes: 0 as expected; 1 some work takes more (or much less) than it did; 2 could not be done.
#
#   tests/bench/instructions.sh            compare
#   tests/bench/instructions.sh --renew    write instructions.txt anew, after a deliberate change
#
# Builds with the daily profile, so that a warm machine has nothing but one small program to build. Counts differ between
# versions of the compiler: renew them when `rust-toolchain` or an important crate is updated.
set -euo pipefail
cd "$(dirname "$0")/../.."
expected=tests/bench/instructions.txt
tolerance_percent=3
works="evaluate advance diff"

command -v valgrind >/dev/null || { echo "valgrind is not installed" >&2; exit 2; }
program=$(
  cargo build --quiet --locked -p muster -p engine --bench instructions --message-format json |
    python3 -c 'import json, sys
found = [m["executable"] for m in map(json.loads, sys.stdin) if m.get("target", {}).get("name") == "instructions" and m.get("executable")]
print(found[-1])'
) || { echo "could not build the benchmark" >&2; exit 2; }

count() {
  # Hashing is seeded at random and polars has threads of its own: neither is in what is counted, or hardly.
  POLARS_MAX_THREADS=1 valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
    --toggle-collect='*instructions*counted*' "$program" "$1" 2>&1 >/dev/null | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

status=0
renewed=""
for work in $works; do
  now=$(count "$work")
  [ "${now:-0}" -gt 1000 ] || { echo "$work: callgrind counted nothing" >&2; exit 2; }
  renewed+="$work $now"$'\n'
  before=$(sed -n "s/^$work //p" "$expected" 2>/dev/null || true)
  if [ "${1:-}" = --renew ]; then
    echo "$work: $now instructions"
  elif [ -z "$before" ]; then
    echo "$work: $now instructions, but $expected has none to compare with; run $0 --renew" >&2
    status=1
  else
    change=$(awk -v now="$now" -v before="$before" 'BEGIN { printf "%+.1f", 100 * (now - before) / before }')
    if awk -v change="$change" -v most=$tolerance_percent 'BEGIN { exit !(change > most || change < -most) }'; then
      echo "$work: $now instructions, $change % against $before; more than $tolerance_percent % is no accident." >&2
      echo "  If it is meant (or faster), say why in the commit and run $0 --renew" >&2
      status=1
    else
      echo "$work: $now instructions, $change % against $before"
    fi
  fi
done
[ "${1:-}" != --renew ] || printf '%s' "$renewed" >"$expected"
exit $status
