#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Policy and scope: what may change while packets arrive.

load lib

setup() {
	sandbox_up 2
}

teardown() {
	sandbox_down
}

# verdicts: what has been counted since the last time, as "verdict reason packets".
verdicts() {
	json counters '.counters[] | select(.packets > 0) | [.verdict, .reason, .packets] | join(" ")'
	d53 reset 2>/dev/null
}

policy_is() {
	same "$1" "$(json status .policy)"
}

serve() {
	start server nsenter --net="/run/netns/$sandbox-host" nc -lu 192.0.2.53 53
	eventually on_host bash -c 'ss -Huln "sport = 53" | grep -q .'
}

@test "monitor and enforce take effect with the next packet" {
	d53 attach eth0
	send count=3 >/dev/null
	d53 policy monitor
	send count=5 >/dev/null
	d53 policy enforce
	send count=7 >/dev/null
	same $'drop port53 10\nwould_drop port53 5' "$(verdicts)"
}

@test "a switch under a flood: every packet is dropped or would be, none is lost to the accounts" {
	local i

	d53 attach eth0
	flood
	for i in {1..20}; do
		d53 policy monitor 2>/dev/null
		d53 policy enforce 2>/dev/null
	done
	stop flood
	same "$(cat "$room/flood.out")" "$(dropped)"
	sum_rule
	same 0 "$(json counters '[.counters[] | select(.verdict == "pass").packets] | add')"
}

@test "--confirm goes back by itself, in the kernel" {
	d53 attach eth0
	d53 policy monitor --confirm 1
	[ "$(json status '.policy_until != null')" = true ]
	eventually policy_is enforce
	same null "$(json status .policy_until)"
	d53 reset
	send count=4 >/dev/null
	same "drop port53 4" "$(verdicts)"
	fails 1 "on trial" d53 confirm
}

@test "confirm keeps it" {
	d53 attach eth0
	d53 policy monitor --confirm 2
	d53 confirm
	sleep 2.5
	policy_is monitor
	send count=4 >/dev/null
	same "would_drop port53 4" "$(verdicts)"
	fails 1 "no policy is on trial" d53 confirm
}

@test "a trial of enforcing goes back to monitor" {
	d53 attach eth0 --policy monitor
	d53 policy enforce --confirm 1
	eventually policy_is monitor
	d53 reset
	send count=4 >/dev/null
	same "would_drop port53 4" "$(verdicts)"
}

@test "a trial that is made longer goes back to what was before the first" {
	d53 attach eth0
	d53 policy monitor --confirm 600
	d53 policy monitor --confirm 1
	eventually policy_is enforce
}

@test "a policy set for good ends a trial" {
	d53 attach eth0
	d53 policy monitor --confirm 1
	d53 policy monitor
	sleep 1.5
	policy_is monitor
	d53 policy enforce --confirm 600
	d53 attach eth0 --policy enforce
	same "enforce null" "$(json status '[.policy, .policy_until // "null"] | join(" ")')"
}

@test "enforcing where DNS is served and nobody is allowed takes --force" {
	d53 attach eth0 --policy monitor
	serve
	fails 1 "192.0.2.53 port 53" d53 policy enforce
	policy_is monitor
	d53 policy enforce --force
	policy_is enforce
	d53 policy monitor
	d53 allow add 192.0.2.1
	d53 policy enforce
	policy_is enforce
}

@test "nothing attached: policy and confirm say so" {
	fails 1 "not attached" d53 policy monitor
	fails 1 "not attached" d53 confirm
}

@test "scope local: this host's addresses, broadcast and multicast are dropped, all else passes" {
	local target

	d53 attach eth0 --scope local
	for target in 192.0.2.53 198.51.100.53 127.0.0.1 127.1.2.3 192.0.2.255 198.51.100.255 \
		255.255.255.255 224.0.0.251 239.255.255.250; do
		send dst=$target >/dev/null
		same "$target: drop port53 1" "$target: $(verdicts)"
	done
	for target in 2001:db8:0::53 2001:db8:1::53 ::1 ff02::fb ff05::2; do
		send src=2001:db8::1 dst=$target >/dev/null
		same "$target: drop port53 1" "$target: $(verdicts)"
	done
	for target in 192.0.2.54 192.0.2.1 203.0.113.9 8.8.8.8 0.0.0.1 240.0.0.1; do
		send dst=$target >/dev/null
		send dst=$target proto=tcp >/dev/null
		same "$target: "$'pass not_local 1\npass not_local 1' "$target: $(verdicts)"
	done
	for target in 2001:db8:0::54 2001:db8:9::1 fe80::1; do
		send src=2001:db8::1 dst=$target >/dev/null
		same "$target: pass not_local 1" "$target: $(verdicts)"
	done
	same 0 "$(json sources .tracked)"
}

@test "scope local: an allowed source is allowed wherever it goes" {
	d53 attach eth0 --scope local
	d53 allow add 192.0.2.1
	send >/dev/null
	send dst=8.8.8.8 >/dev/null
	same "pass allowed 2" "$(verdicts)"
}

@test "scope local: headers too deep on their way elsewhere pass" {
	d53 attach eth0 --scope local
	send tags=9 >/dev/null
	same "drop too_deep 1" "$(verdicts)"
}

@test "scope local: an address that came later counts once attach is given again" {
	run -0 --separate-stderr d53 attach eth0 --scope local
	[[ $stderr == *"as they are now"* ]]
	ip -n "$sandbox-host" addr add 192.0.2.60/24 dev eth0
	d53 attach eth0 --scope local
	send dst=192.0.2.60 >/dev/null
	same "drop port53 1" "$(verdicts)"
	ip -n "$sandbox-host" addr del 192.0.2.60/24 dev eth0
	d53 attach eth0 --scope local
	send dst=192.0.2.60 >/dev/null
	same "pass not_local 1" "$(verdicts)"
	d53 attach eth0 --scope any
	send dst=192.0.2.60 >/dev/null
	same "drop port53 1" "$(verdicts)"
}

@test "scope local: an AnyIP route is this host" {
	ip -n "$sandbox-host" route add local 203.0.113.0/24 dev lo
	ip -n "$sandbox-host" -6 route add local 2001:db8:77::/48 dev lo
	d53 attach eth0 --scope local
	send dst=203.0.113.77 >/dev/null
	same "drop port53 1" "$(verdicts)"
	send src=2001:db8::1 dst=2001:db8:77:5::5 >/dev/null
	same "drop port53 1" "$(verdicts)"
}

@test "scope local on a router: a server behind it answers, the router's own does not" {
	ip netns add "$sandbox-far"
	ip -n "$sandbox-host" link add far type veth peer name eth0 netns "$sandbox-far"
	ip -n "$sandbox-host" link set far up
	address "$sandbox-host" far 203.0.113.1/24 2001:db8:2::1/64
	ip -n "$sandbox-far" link set eth0 up
	address "$sandbox-far" eth0 203.0.113.53/24 2001:db8:2::53/64
	ip -n "$sandbox-far" route add default via 203.0.113.1
	ip -n "$sandbox-peer" route add 203.0.113.0/24 via 192.0.2.53
	on_host sysctl -qw net.ipv4.ip_forward=1
	start near nsenter --net="/run/netns/$sandbox-host" dnsmasq -k -C /dev/null -u root \
		--no-resolv --no-hosts --pid-file= --address=/example.test/203.0.113.7
	start far nsenter --net="/run/netns/$sandbox-far" dnsmasq -k -C /dev/null -u root \
		--no-resolv --no-hosts --pid-file= --address=/example.test/203.0.113.7
	eventually answers 192.0.2.53
	eventually answers 203.0.113.53

	d53 attach eth0
	run ! answers 203.0.113.53 +time=1 +tries=1
	run ! answers 192.0.2.53 +time=1 +tries=1
	d53 attach eth0 --scope local
	answers 203.0.113.53
	answers 203.0.113.53 +tcp
	run ! answers 192.0.2.53 +time=1 +tries=1
}

answers() {
	on_peer dig +short "@$1" example.test A "${@:2}" | grep -qx 203.0.113.7
}
