#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A real Prometheus scrapes two hosts, each with its own drop53, while they are queried, flooded
# from 16 million forged sources, killed and restarted: what it says equals what was sent.

# What the loaded files set:
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load metrics_common.sh
flood=$BATS_TEST_DIRNAME/../../build/tests/tools/bench_flood
monitor=drop53-prom-monitor

# host NAME NETWORK: a host at NETWORK.53, the monitor's end at NETWORK.1; its metrics by a link of
# their own, at 10.NETWORK. Nothing but what the test sends goes over the first: no scrape, no
# neighbour or router solicitation, so that what a full queue refuses is the flood's alone.
host() {
	local name=drop53-prom-$1 end
	ip netns add "$name"
	ip netns exec "$name" sysctl -qw net.ipv6.conf.{all,default}.disable_ipv6=1
	ip -n "$name" link add scrape0 type veth peer name "scrape-$1" netns $monitor
	ip -n "$name" addr add "10.$2/24" dev scrape0
	ip -n "$name" link set scrape0 up
	ip -n $monitor addr add "10.${2%.*}.254/24" dev "scrape-$1"
	ip -n $monitor link set "scrape-$1" up
	ip -n "$name" link add eth0 type veth peer name "to-$1" netns $monitor
	ip -n "$name" addr add "$2.53/24" dev eth0
	ip -n $monitor addr add "$2.1/24" dev "to-$1"
	ip -n "$name" link set lo up
	ip -n "$name" link set eth0 up
	ip -n $monitor link set "to-$1" up
	# Answers to forged sources are nobody's business here.
	ip -n "$name" route add default via "$2.1"
	end=$(ip -n "$name" -j link show eth0 | jq -r '.[0].address')
	ip -n $monitor neigh add "$2.53" lladdr "$end" dev "to-$1" nud permanent
	mkdir -p "$BATS_TEST_TMPDIR/bpf-$1"
	mount -t bpf bpf "$BATS_TEST_TMPDIR/bpf-$1"
	cat >"$BATS_TEST_TMPDIR/$1.conf" <<-END
		interfaces: [eth0]
		listen: 10.$2:20053
		metrics_sources: address
		metrics_min_rate: 1
		metrics_top: 10
		metrics_newcomers: 10
	END
}

remove() {
	local name pid
	for name in drop53-prom-a drop53-prom-b $monitor; do
		for pid in $(ip netns pids $name 2>/dev/null); do kill -9 "$pid" 2>/dev/null || true; done
		ip netns del $name 2>/dev/null || true
	done
	for name in a b; do
		! mountpoint -q "$BATS_TEST_TMPDIR/bpf-$name" || umount "$BATS_TEST_TMPDIR/bpf-$name"
	done
}

setup() {
	command -v prometheus >/dev/null || skip "prometheus is missing"
	command -v dnsperf >/dev/null || skip "dnsperf is missing"
	remove
	ip netns add $monitor
	ip netns exec $monitor sysctl -qw net.ipv6.conf.{all,default}.disable_ipv6=1
	ip -n $monitor link set lo up
	ip -n $monitor addr add 203.0.113.7/32 dev lo
	host a 192.0.2
	host b 198.51.100
}

teardown() {
	remove
}

# daemon_at NAME: its process id in $daemon.
daemon_at() {
	ip netns exec "drop53-prom-$1" drop53 --bpffs "$BATS_TEST_TMPDIR/bpf-$1" run \
		-c "$BATS_TEST_TMPDIR/$1.conf" >>"$BATS_TEST_TMPDIR/$1.log" 2>&1 3>&- &
	daemon=$!
}

start_prometheus() {
	cat >"$BATS_TEST_TMPDIR/prometheus.yml" <<-END
		global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
		rule_files: ["$BATS_TEST_DIRNAME/../../deploy/prometheus/drop53.rules.yml"]
		scrape_configs:
		  - job_name: drop53
		    static_configs:
		      - {targets: ["10.192.0.2:20053"], labels: {node: a}}
		      - {targets: ["10.198.51.100:20053"], labels: {node: b}}
	END
	ip netns exec $monitor nice prometheus --config.file="$BATS_TEST_TMPDIR/prometheus.yml" \
		--storage.tsdb.path="$BATS_TEST_TMPDIR/tsdb" --web.listen-address=127.0.0.1:9090 \
		>"$BATS_TEST_TMPDIR/prometheus.log" 2>&1 3>&- &
}

# query PROMQL: "LABELS VALUE" lines, sorted.
query() {
	ip netns exec $monitor curl -sf http://127.0.0.1:9090/api/v1/query --data-urlencode "query=$1" |
		jq -r '.data.result[] | ([.metric[]] | join(",")) + " " + .value[1]' | sort
}

# answers PROMQL LINE...: what it says is exactly these lines.
answers() {
	local promql=$1
	shift
	[ "$(query "$promql")" = "$(printf '%s\n' "$@")" ]
}

# from SOURCE ADDRESS N: datagrams to port 53. All on one CPU, as the flood is: the table is split
# by CPU, and on another one the source would be a newcomer.
from() {
	ip netns exec $monitor taskset -c 0 python3 - "$@" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind((sys.argv[1], 0))
		for _ in range(int(sys.argv[3])): s.sendto(b'x', (sys.argv[2], 53))
	END
}

# query_with_dnsperf ADDRESS: prints how many queries it sent.
query_with_dnsperf() {
	echo 'example.net A' >"$BATS_TEST_TMPDIR/queries"
	ip netns exec $monitor taskset -c 0 dnsperf -s "$1" -d "$BATS_TEST_TMPDIR/queries" -n 50 -t 1 -q 50 |
		sed -n 's/^ *Queries sent: *//p'
}

# lost NAME: frames that found the way to the host full; they never got there.
lost() {
	ip -n $monitor -s -j link show "to-$1" | jq '.[0].stats64.tx.dropped'
}

# forge NAME: a flood from 16 Mi sources; prints how many packets reached the host.
forge() {
	local before sent
	before=$(lost "$1")
	sent=$(ip netns exec $monitor nice "$flood" -r 1 -n 1000000 -f 4 -d 16777216 "x=to-$1" |
		awk '$1 == "sent" { print $3 }')
	echo $((sent - $(lost "$1") + before))
}

@test "prometheus: totals, top sources and unprotected hosts, under floods and kills" {
	daemon_at a
	killed=$daemon
	daemon_at b
	start_prometheus
	until_true answers 'sum by (node) (up)' 'a 1' 'b 1'
	until_true answers 'sum by (node) (drop53_packets_total)' 'a 0' 'b 0'

	from 192.0.2.1 192.0.2.53 300
	from 192.0.2.1 198.51.100.53 100
	# Known before the flood: in a full table a newcomer's first packets are nobody's.
	from 203.0.113.7 192.0.2.53 20
	from 203.0.113.7 198.51.100.53 200
	series='drop53_source_dropped_packets_total'
	until_true answers "sum by (source) ($series)" '192.0.2.1 400' '203.0.113.7 220'

	asked=$(query_with_dnsperf 192.0.2.53)
	[ "$asked" -ge 50 ]
	forged_a=$(forge a)
	kill -9 "$killed"
	forged_b=$(forge b)
	from 192.0.2.1 192.0.2.53 40
	daemon_at a
	forged_a=$((forged_a + $(forge a)))
	from 203.0.113.7 192.0.2.53 60

	total_a=$((300 + 20 + asked + 40 + 60 + forged_a)) total_b=$((300 + forged_b))
	until_true answers 'sum by (node) (drop53_packets_total{verdict="drop"})' \
		"a $total_a" "b $total_b" || { query 'drop53_packets_total > 0'; false; }
	until_true answers "topk(2, sum by (source) ($series))" \
		"192.0.2.1 $((440 + asked))" '203.0.113.7 280' || { query "$series"; false; }

	# Nobody forged became a series, at any time; the cap holds by far.
	answers "count(count by (node, source) (count_over_time({__name__=\"$series\"}[1h])))" ' 4'
	# No counter of the filter's went back, though the daemon was killed.
	for counter in packets bytes source_dropped_packets sources_untracked_packets; do
		answers "sum(resets(drop53_${counter}_total[1h]))" ' 0'
	done
	answers 'count(ALERTS{alertname="Drop53NotAttached"})' ''

	ip netns exec drop53-prom-b drop53 --bpffs "$BATS_TEST_TMPDIR/bpf-b" detach eth0 --keep-state
	until_true answers 'min by (node) (drop53_interface_attached) == 0' 'b 0'
}

@test "prometheus: a scrape while the table is full, and the memory it takes" {
	sed -i 's/metrics_sources: address/metrics_sources: prefix/' "$BATS_TEST_TMPDIR/a.conf"
	daemon_at a
	forge a >/dev/null
	ask() { ip netns exec $monitor curl -sf http://10.192.0.2:20053/metrics; }
	until_true ask
	full() { [ "$(ask | awk '$1 == "drop53_sources_tracked" { print $2 }')" -gt 100000 ]; }
	until_true full
	[ "$(awk '$1 == "RssAnon:" {print $2}' "/proc/$daemon/status")" -lt 16384 ]
	[ "$(ask | grep -c '^drop53_source_dropped_packets_total{')" -eq 0 ]
	echo "# scrape: $(ip netns exec $monitor curl -s -o /dev/null -w '%{time_total}' http://10.192.0.2:20053/metrics) s, RssAnon $(awk '$1 == "RssAnon:" {print $2}' "/proc/$daemon/status") KiB" >&3
}
