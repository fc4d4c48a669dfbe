#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The kernel as the judge: every row of the table of frames sent raw at real sockets, without the
# filter (what the table says reaches them must) and with it (nothing to port 53 may, and all else
# as before). See tests/tools/judge.c.
# shellcheck disable=SC2154 # build, room and sandbox come from lib.bash
load lib

record=$BATS_FILE_TMPDIR

# network MTU: the peer has no address, so that it never answers for itself; the host is as open
# as Linux gets, so that what is lost here is lost everywhere.
network() {
	sandbox_up 0
	on_host sysctl -qw net.ipv4.conf.{all,default}.rp_filter=0 \
		net.ipv4.conf.{all,default}.accept_source_route=1 \
		net.ipv4.tcp_synack_retries=0 net.ipv4.tcp_fastopen=3
	add_link eth0
	ip -n "$sandbox-peer" link set eth0 address 02:00:00:00:00:01 mtu "$1"
	ip -n "$sandbox-host" link set eth0 address 02:00:00:00:00:53 mtu "$1"
	ip -n "$sandbox-host" addr add 192.0.2.53/24 dev eth0
	ip -n "$sandbox-host" addr add 2001:db8::53/64 dev eth0 nodad
	ip -n "$sandbox-host" neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev eth0
	ip -n "$sandbox-host" neigh add 2001:db8::1 lladdr 02:00:00:00:00:01 dev eth0
	ip -n "$sandbox-host" route add default via 192.0.2.1
	ip -n "$sandbox-host" route add default via 2001:db8::1
}

# A priority tag in the metadata of whatever the peer sends.
tag_in_metadata() {
	on_peer tc qdisc add dev eth0 clsact
	on_peer tc filter add dev eth0 egress bpf direct-action \
		obj "$build/tests/tools/judge_tag.bpf.o" sec tc
}

# replay [RECORD]. Merging segments would let a later frame overtake; attaching switches it on.
replay() {
	on_host ethtool -K eth0 gro off
	on_peer judge "/run/netns/$sandbox-host" eth0 "$@"
}

# filtered MODE RECORD
filtered() {
	d53 attach eth0 --xdp-mode "$1"
	replay "$record/$2" >"$room/out"
}

setup() {
	command -v ethtool >/dev/null || skip "ethtool is not installed"
}

teardown() {
	sandbox_down
}

@test "without the filter the table's frames reach the sockets that it says" {
	network 1500
	replay >"$record/open"
	grep -q '^R udp4 to 53$' "$record/open"
	[ "$(grep -c ^R "$record/open")" -ge 120 ]
}

@test "natively, nothing to port 53 reaches one, and all else does" {
	network 1500
	filtered native open
}

@test "generically, nothing to port 53 reaches one, and all else does" {
	network 1500
	filtered generic open
}

@test "with policy monitor everything reaches as without the filter" {
	network 1500
	d53 attach eth0 --xdp-mode native --policy monitor
	replay
}

@test "the judge notices what gets past: policy monitor is no filter" {
	network 1500
	d53 attach eth0 --xdp-mode native --policy monitor
	run -1 replay "$record/open"
	[[ $output = *"udp4 to 53: reaches a socket"* ]]
}

@test "MTU 9000, without the filter: headers 8 KB into the frame reach the sockets" {
	network 9000
	replay >"$record/open-9000"
	grep -q '^R ip6 8 KB of options, udp$' "$record/open-9000"
	run ! grep '^-' "$record/open-9000"
}

@test "MTU 9000, natively: nothing to port 53 reaches a socket, and all else does" {
	network 9000
	filtered native open-9000
}

@test "MTU 9000, generically: nothing to port 53 reaches a socket, and all else does" {
	network 9000
	filtered generic open-9000
}

@test "a tag in the packet's metadata, without the filter: Linux takes it off" {
	network 1500
	tag_in_metadata
	replay >"$record/tagged"
}

@test "a tag in the packet's metadata, natively: XDP sees none, and nothing reaches" {
	network 1500
	tag_in_metadata
	filtered native tagged
}

@test "a tag in the packet's metadata, generically: XDP sees none, and nothing reaches" {
	network 1500
	tag_in_metadata
	filtered generic tagged
}
