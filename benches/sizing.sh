#!/usr/bin/env bash
# What a daemon takes, by customers and orders: memory at rest and at most (Linux's VmRSS and VmHWM), the store on
# the disk, how long the import and the next start take. Prints a line for each shop, and what one customer and one
# order more add.
#
#   cargo build --release && benches/sizing.sh [PATH-OF-CVMD]
#   SHOPS="100000:0 100000:1000000" benches/sizing.sh       other shops, customers:orders
set -euo pipefail
cvmd=$(realpath "${1:-target/release/cvmd}")
read -ra shops <<<"${SHOPS:-50000:0 250000:0 50000:500000}"
work=$(mktemp -d)
daemon=
trap '[[ -z $daemon ]] || kill "$daemon" 2>/dev/null || true; rm -rf "$work"' EXIT

# A value of /proc/PID/status, in KiB.
memory() { sed -n "s/^$2:[[:space:]]*\([0-9]*\) kB/\1/p" "/proc/$1/status"; }

make_shop() { # FOLDER CUSTOMERS ORDERS
  "$cvmd" init "$1" >/dev/null
  # Nobody matches: what is measured is what is known, not what is sent.
  find "$1/rules" -name '*.rules' ! -name shop.rules -delete
  sed -i 's/^# public = .*/public = "127.0.0.1:0"/' "$1/cvmd.toml"
  awk -v n="$2" 'BEGIN { print "id,email,first_name,last_name,clv,plan,birthday,consent_email_marketing"
    for (i = 0; i < n; i++) printf "customer-%08d,customer.%08d@mail.example,Firstname%d,Lastname%d,%d.%02d,basic,1980-%02d-%02d,yes\n",
      i, i, i % 5000, i % 9000, i % 2000, i % 100, i % 12 + 1, i % 28 + 1 }' >"$1/customers.csv"
  awk -v n="$2" -v m="$3" 'BEGIN { print "order_id,customer_id,time,total,product,category"
    for (i = 0; i < m; i++) printf "order-%09d,customer-%08d,2025-%02d-%02dT%02d:00:00Z,%d.%02d,product-%d,category-%d\n",
      i, i % n, int(i / n) % 12 + 1, i % 28 + 1, i % 24, i % 300, i % 100, i % 5000, i % 40 }' >"$1/orders.csv"
}

# Starts the daemon and waits until it is ready; prints how many seconds that took.
start() { # FOLDER
  local began=$EPOCHREALTIME
  : >"$1/log"
  (cd "$1" && exec "$cvmd" run 2>log) &
  daemon=$!
  until grep -q ' ready ' "$1/log"; do
    kill -0 "$daemon" || { cat "$1/log" >&2; exit 1; }
    sleep 0.1
  done
  took=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
}

stop() { kill "$daemon"; wait "$daemon" || true; daemon=; }

printf '%10s %10s %12s %14s %12s %10s %10s\n' customers orders 'rest (MiB)' 'import (MiB)' 'disk (MiB)' 'import (s)' 'start (s)'
declare -A rest
for shop in "${shops[@]}"; do
  customers=${shop%:*} orders=${shop#*:} folder=$work/$customers-$orders
  make_shop "$folder" "$customers" "$orders"
  start "$folder"
  began=$EPOCHREALTIME
  (cd "$folder" && "$cvmd" import customers customers.csv >/dev/null)
  ((orders == 0)) || (cd "$folder" && "$cvmd" import orders orders.csv >/dev/null)
  import=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
  peak=$(memory "$daemon" VmHWM)
  stop
  start "$folder"
  rest[$shop]=$(memory "$daemon" VmRSS)
  stop
  disk=$(du -sk "$folder/data" | cut -f1)
  printf '%10s %10s %12s %14s %12s %10s %10s\n' "$customers" "$orders" \
    $((rest[$shop] / 1024)) $((peak / 1024)) $((disk / 1024)) "$import" "$took"
  rm -rf "$folder"
done

# From the first two shops, which have no orders, and from the third.
if ((${#shops[@]} >= 3)); then
  few=${shops[0]} many=${shops[1]} bought=${shops[2]}
  echo "one customer more: $(((rest[$many] - rest[$few]) * 1024 / (${many%:*} - ${few%:*}))) bytes of memory"
  echo "one order more: $(((rest[$bought] - rest[$few]) * 1024 / (${bought#*:} - ${few#*:}))) bytes of memory"
fi
