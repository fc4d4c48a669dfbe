#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The main job, with a real DNS server behind the filter and real clients in front of it.

load lib

setup() {
	sandbox_up 2
}

teardown() {
	sandbox_down
}

# A server that answers for `example.test`, on every address of HOST (host or peer).
serve_with_named() {
	mkdir -p "$room/named"
	cat >"$room/named/conf" <<-END
		options { directory "$room/named"; pid-file none; recursion no; listen-on { any; };
			listen-on-v6 { any; }; allow-query { any; }; session-keyfile none; };
		controls { };
		zone "example.test" { type primary; file "zone"; };
	END
	cat >"$room/named/zone" <<-'END'
		$TTL 60
		@ SOA ns hostmaster 1 60 60 60 60
		@ NS ns
		@ A 203.0.113.7
		ns A 192.0.2.53
	END
	start "named-$1" nsenter --net="/run/netns/$sandbox-$1" named -g -u root -n 1 \
		-c "$room/named/conf"
	eventually asked_by "on_$1" 127.0.0.1
}

serve_with_dnsmasq() {
	start "dnsmasq-$1" nsenter --net="/run/netns/$sandbox-$1" dnsmasq -k -C /dev/null -u root \
		--no-resolv --no-hosts --pid-file= --address=/example.test/203.0.113.7
	eventually asked_by "on_$1" 127.0.0.1
}

# asked_by ON ADDRESS [OPTION...]: true if the server answers.
asked_by() {
	local on=$1 address=$2

	shift 2
	same 203.0.113.7 "$($on dig +short +time="${patience:-5}" +tries=1 "$@" "@$address" \
		example.test A 2>&1 | tail -n 1)"
}

# Over UDP and TCP, IPv4 and IPv6, on both links.
everything_is_answered() {
	local address

	for address in 192.0.2.53 2001:db8:0::53 198.51.100.53 2001:db8:1::53; do
		asked_by on_peer "$address"
		asked_by on_peer "$address" +tcp
	done
}

# All at once, for each waits its time; none may be answered.
nothing_is_answered() {
	local address pids=() pid answered=0

	for address in "$@"; do
		patience=1 asked_by on_peer "$address" 2>/dev/null 3>&- &
		pids+=($!)
		patience=1 asked_by on_peer "$address" +tcp 2>/dev/null 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" && answered=$((answered + 1))
	done
	same 0 "$answered"
}

all=(192.0.2.53 2001:db8:0::53 198.51.100.53 2001:db8:1::53)

listens() {
	on_host ss -Hltn "sport = $1" | grep -q .
}

other_ports_work() {
	start http on_host nc -lN 192.0.2.53 80
	eventually listens 80
	echo hello | on_peer nc -N 192.0.2.53 80
	wait "$(cat "$room/http.pid")"
	same hello "$(cat "$room/http.out")"
	on_peer ping -c 1 -W 5 192.0.2.53 >/dev/null
	on_peer ping -c 1 -W 5 2001:db8:0::53 >/dev/null
}

@test "named: answered, dropped once attached, answered to whom is allowed, and after detach" {
	serve_with_named host
	everything_is_answered

	d53 attach eth0 eth1
	nothing_is_answered "${all[@]}"
	other_ports_work
	[ "$(json counters '[.counters[] | select(.verdict == "drop" and .packets > 0) |
		"\(.interface) \(.family) \(.protocol)"] | length')" -eq 8 ]
	sum_rule

	d53 allow add 192.0.2.0/24 2001:db8::/64
	asked_by on_peer 192.0.2.53
	asked_by on_peer 192.0.2.53 +tcp
	asked_by on_peer 2001:db8:0::53
	asked_by on_peer 2001:db8:0::53 +tcp
	nothing_is_answered 198.51.100.53 2001:db8:1::53
	[ "$(json counters '[.counters[] | select(.reason == "allowed" and .interface == "eth0" and
		.packets > 0)] | length')" -eq 4 ]

	d53 allow add 198.51.100.0/24 2001:db8:1::/64
	everything_is_answered
	d53 allow del 192.0.2.0/24 198.51.100.0/24 2001:db8::/64 2001:db8:1::/64
	nothing_is_answered "${all[@]}"

	d53 detach --all
	everything_is_answered
}

@test "dnsmasq, in generic mode: answered, dropped once attached, answered after detach" {
	serve_with_dnsmasq host
	everything_is_answered
	d53 attach eth0 eth1 --xdp-mode generic
	nothing_is_answered "${all[@]}"
	other_ports_work
	sum_rule
	d53 detach --all
	everything_is_answered
}

@test "the protected host's own look-ups work throughout" {
	local mode address

	serve_with_dnsmasq peer
	for mode in native generic; do
		d53 attach eth0 eth1 --xdp-mode $mode
		for address in 192.0.2.1 2001:db8:0::1 198.51.100.1 2001:db8:1::1; do
			asked_by on_host "$address"
			asked_by on_host "$address" +tcp
		done
		# They come from port 53, not to it: ordinary traffic, in no counter.
		same 0 "$(json counters '[.counters[].packets] | add')"
		d53 detach --all
	done
}

@test "dropping goes on with no process of drop53's left, and the state is there for the next" {
	d53 attach eth0
	send count=5 >/dev/null
	run ! pgrep -f "^drop53 .*$sandbox"
	same "5 310" "$(dropped)"
	send count=5 >/dev/null
	same "10 620" "$(dropped)"
	sum_rule
}

@test "policy monitor lets through what it counts, until enforced" {
	serve_with_dnsmasq host
	d53 attach eth0 eth1 --policy monitor
	everything_is_answered
	[ "$(json counters '[.counters[] | select(.verdict == "would_drop" and .packets > 0)] |
		length')" -eq 8 ]
	d53 policy enforce --force
	nothing_is_answered "${all[@]}"
}
