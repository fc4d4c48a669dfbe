#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The kernel as the judge: every row of the table of frames sent raw at real sockets, without the
# filter (what the table says reaches them must) and with it (nothing to port 53 may, and all else
# as before). See tests/tools/judge.c.

judge=$BATS_TEST_DIRNAME/../../build/tests/tools/judge
push_tag=$BATS_TEST_DIRNAME/../../build/tests/tools/judge_tag.bpf.o
here=drop53-judge-here there=drop53-judge-there

at_here() {
	ip netns exec $here "$@"
}

remove() {
	at_here drop53 detach --all >/dev/null 2>&1 || true
	ip netns del $here 2>/dev/null || true
	ip netns del $there 2>/dev/null || true
	umount "$BATS_FILE_TMPDIR/bpf" 2>/dev/null || true
}

# The sender's namespace has no address, so that it never answers for itself.
make_there() {
	ip netns add $there
	ip netns exec $there sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1
	ip -n $there link add there type veth peer name here netns $here
	ip -n $there link set there address 02:00:00:00:00:01 mtu "$1" up
}

# As open as Linux gets: what is lost here is lost everywhere.
make_here() {
	ip netns add $here
	at_here sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
		net.ipv4.conf.all.accept_source_route=1 \
		net.ipv4.conf.default.accept_source_route=1 \
		net.ipv4.tcp_synack_retries=0 net.ipv4.tcp_fastopen=3
}

address_here() {
	ip -n $here link set here address 02:00:00:00:00:53 mtu "$1" up
	ip -n $here link set lo up
	ip -n $here addr add 192.0.2.53/24 dev here
	ip -n $here addr add 2001:db8::53/64 dev here nodad
	ip -n $here neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev here nud permanent
	ip -n $here neigh add 2001:db8::1 lladdr 02:00:00:00:00:01 dev here nud permanent
	ip -n $here route add default via 192.0.2.1
	ip -n $here -6 route add default via 2001:db8::1
}

setup() {
	export DROP53_BPFFS=$BATS_FILE_TMPDIR/bpf
	remove
	mkdir -p "$DROP53_BPFFS"
	mount -t bpf bpf "$DROP53_BPFFS"
}

teardown() {
	remove
}

# network MTU
network() {
	make_here
	make_there "$1"
	address_here "$1"
}

# without MTU NAME: replays the table at the open sockets; the record is kept under NAME.
without() {
	network "$1"
	[ "$2" != tagged ] || tag_in_metadata
	replay >"$BATS_FILE_TMPDIR/$2"
}

# with MODE NAME: attaches and replays, to be compared with the record NAME.
with() {
	at_here drop53 attach here --xdp-mode "$1"
	replay "$BATS_FILE_TMPDIR/$2" >"$BATS_TEST_TMPDIR/out"
}

# Merging of segments would let a later frame overtake; attaching switches it on.
replay() {
	at_here ethtool -K here gro off
	ip netns exec $there "$judge" /run/netns/$here there "$@"
}

tag_in_metadata() {
	ip netns exec $there tc qdisc add dev there clsact
	ip netns exec $there tc filter add dev there egress bpf direct-action \
		obj "$push_tag" sec tc
}

@test "without the filter the table's frames reach the sockets that it says" {
	without 1500 open
	grep -q '^R udp4 to 53$' "$BATS_FILE_TMPDIR/open"
	[ "$(grep -c ^R "$BATS_FILE_TMPDIR/open")" -ge 120 ]
}

@test "natively, nothing to port 53 reaches one, and all else does" {
	network 1500
	with native open
}

@test "generically, nothing to port 53 reaches one, and all else does" {
	network 1500
	with generic open
}

@test "with policy monitor everything reaches as without the filter" {
	network 1500
	at_here drop53 attach here --xdp-mode native --policy monitor
	replay
}

@test "MTU 9000, without the filter: headers 8 KB into the frame reach the sockets" {
	without 9000 open-9000
	grep -q '^R ip6 8 KB of options, udp$' "$BATS_FILE_TMPDIR/open-9000"
	[ "$(grep -c '^-' "$BATS_FILE_TMPDIR/open-9000")" -eq 0 ]
}

@test "MTU 9000, natively: nothing to port 53 reaches a socket, and all else does" {
	network 9000
	with native open-9000
}

@test "MTU 9000, generically: nothing to port 53 reaches a socket, and all else does" {
	network 9000
	with generic open-9000
}

@test "a tag in the packet's metadata, without the filter: Linux takes it off" {
	without 1500 tagged
}

@test "a tag in the packet's metadata, natively: XDP sees none, and nothing reaches" {
	network 1500
	tag_in_metadata
	with native tagged
}

@test "a tag in the packet's metadata, generically: XDP sees none, and nothing reaches" {
	network 1500
	tag_in_metadata
	with generic tagged
}
