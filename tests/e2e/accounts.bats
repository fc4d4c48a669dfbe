#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Counters and sources against what was sent, to the packet and the byte.

load lib

setup() {
	sandbox_up 2
}

teardown() {
	sandbox_down
}

# Every kind of drop over two interfaces; lengths differ so that no two sums can be mistaken.
send_of_each_kind() {
	send on=eth0 count=11 payload=20 >/dev/null
	send on=eth0 count=13 payload=100 proto=tcp >/dev/null
	send on=eth0 count=17 payload=300 src=2001:db8::1 dst=2001:db8::53 >/dev/null
	send on=eth0 count=19 payload=700 src=2001:db8::1 dst=2001:db8::53 proto=tcp >/dev/null
	send on=eth1 count=23 payload=0 src=198.51.100.1 >/dev/null
	send on=eth1 count=29 payload=1 src=198.51.100.1 proto=tcp >/dev/null
	send on=eth1 count=31 payload=1400 src=2001:db8:1::1 dst=2001:db8::53 >/dev/null
	send on=eth1 count=37 payload=2 src=2001:db8::1 dst=2001:db8::53 proto=tcp tags=2 >/dev/null
}

# What that adds up to: 42 bytes in front of an IPv4 datagram's payload, 54 of a TCP segment's,
# 20 more for IPv6, 4 for a tag.
counters_of_each_kind() {
	cat <<-END
		["eth0","ipv4","tcp",13,$((13 * 154))]
		["eth0","ipv4","udp",11,$((11 * 62))]
		["eth0","ipv6","tcp",19,$((19 * 774))]
		["eth0","ipv6","udp",17,$((17 * 362))]
		["eth1","ipv4","tcp",29,$((29 * 55))]
		["eth1","ipv4","udp",23,$((23 * 42))]
		["eth1","ipv6","tcp",37,$((37 * 84))]
		["eth1","ipv6","udp",31,$((31 * 1462))]
	END
}

sources_of_each_kind() {
	cat <<-END
		["192.0.2.1","ipv4",24,$((11 * 62 + 13 * 154)),11,13]
		["198.51.100.1","ipv4",52,$((29 * 55 + 23 * 42)),23,29]
		["2001:db8:1::1","ipv6",31,$((31 * 1462)),31,0]
		["2001:db8::1","ipv6",73,$((17 * 362 + 19 * 774 + 37 * 84)),17,56]
	END
}

nonzero_counters() {
	json counters "[.counters[] | select(.packets > 0 and .verdict == \"$1\" and
		.reason == \"$2\")] | sort_by(.interface, .family, .protocol)[] |
		[.interface, .family, .protocol, .packets, .bytes]"
}

listed_sources() {
	json sources '.sources | sort_by(.source)[] |
		[.source, .family, .packets, .bytes, .udp_packets, .tcp_packets]'
}

each_kind_is_counted() {
	d53 attach eth0 eth1 "$@"
	send_of_each_kind
	same "$(counters_of_each_kind)" "$(nonzero_counters "$verdict" port53)"
	same "$(sources_of_each_kind)" "$(listed_sources)"
	same "4 0" "$(json sources '[.tracked, .untracked.packets] | join(" ")')"
	sum_rule
}

@test "each family and protocol on two interfaces, natively" {
	verdict=drop each_kind_is_counted --xdp-mode native
}

@test "each family and protocol on two interfaces, generically" {
	verdict=drop each_kind_is_counted --xdp-mode generic
}

@test "with policy monitor the same is counted as would_drop" {
	verdict=would_drop each_kind_is_counted --policy monitor
	same "" "$(nonzero_counters drop port53)"
}

@test "what passes is counted where the contract says, and ordinary traffic nowhere" {
	d53 attach eth0
	d53 allow add 192.0.2.7
	send count=5 src=192.0.2.7 >/dev/null                # allowed
	send count=3 offset=100 >/dev/null                   # a later fragment
	send count=100 dport=5353 >/dev/null                 # ordinary
	send count=100 sport=53 dport=40000 >/dev/null       # a reply
	send count=100 sport=53 dport=40000 proto=tcp >/dev/null
	same '["eth0","ipv4","udp",5,310]' "$(nonzero_counters pass allowed)"
	same 3 "$(json counters '[.counters[] | select(.reason == "fragment").packets] | add')"
	same 8 "$(json counters '[.counters[].packets] | add')"
	same "0 0" "$(json sources '[.tracked, .total.packets] | join(" ")')"
	same "1 5" "$(json sources --allowed '[.tracked, .total.packets] | join(" ")')"
	sum_rule
}

@test "who was let through is listed apart from who was not" {
	d53 attach eth0 eth1
	d53 allow add 192.0.2.0/24 '!192.0.2.9' 2001:db8::/32
	send count=5 src=192.0.2.7 >/dev/null
	send on=eth1 count=3 src=192.0.2.7 proto=tcp >/dev/null
	send count=2 src=2001:db8::1 dst=2001:db8::53 >/dev/null
	send count=4 src=192.0.2.9 >/dev/null
	same '{"source":"192.0.2.7","packets":8,"tcp_packets":3}
{"source":"2001:db8::1","packets":2,"tcp_packets":0}' \
		"$(json sources --allowed '.sources[] | {source, packets, tcp_packets}')"
	same '192.0.2.9' "$(json sources '.sources[].source')"
	same '{"tracked":1,"allowed":2}' "$(json status '.sources | {tracked, allowed}')"
	[[ $(d53 sources --allowed --limit 1 2>&1) == *"1 of 2 sources; 10 packets and "*" bytes allowed, "* ]]
	sum_rule
	# Now neither may: the past stays where it was counted.
	d53 allow del 192.0.2.0/24
	send count=1 src=192.0.2.7 >/dev/null
	same '["192.0.2.7",1]' "$(json sources '.sources[] | select(.source == "192.0.2.7") |
		[.source, .packets]')"
	same 10 "$(json sources --allowed .total.packets)"
	sum_rule
	d53 reset --sources
	same "0 10" "$(json sources --allowed '[.tracked, .untracked.packets] | join(" ")')"
	sum_rule
	d53 reset
	same "0 0" "$(json sources --allowed '[.total.packets, .untracked.packets] | join(" ")')"
}

@test "a crowd that is let through, over many times its slots, under a flood that is not" {
	d53 attach eth0 eth1 --sources 1024
	d53 allow add 172.16.0.0/12
	flood src=10.0.0.0 sources=60000 payload=0
	send on=eth1 count=30000 sources=20000 src=172.16.0.0 payload=7 >/dev/null
	stop flood
	same "30000 $((30000 * 49))" "$(allowed)"
	same "$(cat "$room/flood.out")" "$(dropped)"
	sum_rule
	[ "$(json sources --allowed .untracked.packets)" -gt 0 ]
}

@test "headers nested past the limit are dropped and counted, without a source where none is" {
	d53 attach eth0
	send count=4 tags=9 >/dev/null
	same 4 "$(json counters '[.counters[] | select(.reason == "too_deep" and
		.verdict == "drop").packets] | add')"
	same "0 4" "$(json sources '[.tracked, .untracked.packets] | join(" ")')"
	sum_rule
}

@test "a first fragment to port 53 is dropped" {
	d53 attach eth0
	send count=3 more=1 >/dev/null
	send count=3 more=1 src=2001:db8::1 dst=2001:db8::53 >/dev/null
	same "6 $((3 * 62 + 3 * 90))" "$(dropped)"
	sum_rule
}

@test "more sources than there are slots: the sum still holds, to the packet" {
	d53 attach eth0 --sources 1024
	send count=60000 sources=30000 src=10.0.0.0 payload=0 >/dev/null
	send count=20000 sources=20000 src=2001:db8::1:0 dst=2001:db8::53 payload=3 >/dev/null
	same "80000 $((60000 * 42 + 20000 * 65))" "$(dropped)"
	sum_rule
	[ "$(json sources .tracked)" -le "$(json sources .capacity)" ]
	[ "$(json sources .untracked.packets)" -gt 0 ]
}

@test "a heavy source among many others keeps its slot" {
	d53 attach eth0 eth1 --sources 1024
	flood src=10.0.0.0 sources=60000 payload=0
	send on=eth1 count=20000 >/dev/null
	stop flood
	sum_rule
	same 192.0.2.1 "$(json sources .sources[0].source)"
	[ "$(json sources .sources[0].packets)" -ge 19800 ]
	[ "$(json sources .sources[0].packets)" -le 20000 ]
}

@test "while a flood runs each listed source is one that was sent, whole" {
	local i

	d53 attach eth0 --sources 1024
	flood src=10.0.0.0 sources=60000 payload=58
	for i in {1..8}; do
		same "" "$(json sources '.sources[] | select(.bytes != 100 * .packets or .tcp_packets > 0
			or .udp_packets != .packets or .first_seen > .last_seen or .packets == 0
			or (.source | startswith("10.0.") | not))')"
	done
	stop flood
	sum_rule
	same "$(cat "$room/flood.out")" "$(dropped)"
}

@test "--source-len counts by prefix" {
	d53 attach eth0 --source-len 24,64
	send count=256 sources=256 src=10.9.8.0 >/dev/null
	send count=10 sources=10 src=2001:db8:7::1 dst=2001:db8::53 >/dev/null
	same $'["10.9.8.0/24",256]\n["2001:db8:7::/64",10]' \
		"$(json sources '.sources[] | [.source, .packets]')"
	sum_rule
}

@test "sources --aggregate adds up, and changes nothing in the table" {
	d53 attach eth0
	send count=300 sources=300 src=10.9.8.0 >/dev/null
	send count=4 sources=4 src=2001:db8:7::fffe dst=2001:db8::53 >/dev/null
	same $'["10.9.8.0/24",256]\n["10.9.9.0/24",44]\n["2001:db8:7::/112",2]\n["2001:db8:7::1:0/112",2]' \
		"$(json sources --aggregate 24,112 '.sources[] | [.source, .packets]')"
	same $'["10.8.0.0/15",300]\n["2001:db8::/32",4]' \
		"$(json sources --aggregate 15,32 '.sources[] | [.source, .packets]')"
	same 304 "$(json sources .tracked)"
}

@test "sources --sort and --limit, in JSON, CSV and text" {
	d53 attach eth0
	send count=10 src=10.0.0.1 payload=900 >/dev/null
	send count=30 src=10.0.0.2 payload=0 >/dev/null
	sleep 0.02 # jiffies last 10 ms at most
	send count=20 src=10.0.0.3 payload=100 proto=tcp >/dev/null
	same "10.0.0.2 10.0.0.3 10.0.0.1" "$(json sources '[.sources[].source] | join(" ")')"
	same "10.0.0.1 10.0.0.3 10.0.0.2" \
		"$(json sources --sort bytes '[.sources[].source] | join(" ")')"
	same "10.0.0.3" "$(json sources --sort last-seen '.sources[0].source')"
	same "1 3 60" \
		"$(json sources --limit 1 '[(.sources | length), .tracked, .total.packets] | join(" ")')"
	same 0 "$(json sources --limit 0 '.sources | length')"
	same $'source,family,packets,bytes,udp_packets,tcp_packets\n10.0.0.2,ipv4,30,1260,30,0' \
		"$(d53 sources --csv --limit 1 | cut -d, -f1-6)"
	same $'10.0.0.2\n10.0.0.3\n10.0.0.1' \
		"$(d53 sources 2>/dev/null | awk 'NR > 1 {print $1}')"
}

@test "times are those of the packets" {
	local before after

	d53 attach eth0
	before=$(date +%s%3N)
	send >/dev/null
	sleep 1.1
	send >/dev/null
	after=$(date +%s%3N)
	# To a tick of 10 ms, on either side.
	json sources '.sources[0] | .first_seen, .last_seen' >"$room/times"
	[ "$(date -d "$(sed -n 1p "$room/times")" +%s%3N)" -ge $((before - 20)) ]
	[ "$(date -d "$(sed -n 2p "$room/times")" +%s%3N)" -le $((after + 20)) ]
	[ $(($(date -d "$(sed -n 2p "$room/times")" +%s%3N) - \
		$(date -d "$(sed -n 1p "$room/times")" +%s%3N))) -ge 1000 ]
	[[ $(sed -n 1p "$room/times") =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z$ ]]
}

@test "reset zeroes everything; what comes after is counted from there" {
	d53 attach eth0 eth1
	send count=7 >/dev/null
	send on=eth1 count=3 >/dev/null
	d53 reset
	same "0 0" "$(dropped)"
	same "0 0 0" "$(json sources '[.tracked, .total.packets, .untracked.packets] | join(" ")')"
	sum_rule
	send count=5 src=192.0.2.9 >/dev/null
	same "5 310" "$(dropped)"
	same '["192.0.2.9",5]' "$(json sources '.sources[] | [.source, .packets]')"
	d53 reset --all
	same "0 0" "$(dropped)"
	sum_rule
}

@test "reset --sources forgets who, not how much" {
	d53 attach eth0
	send count=7 >/dev/null
	d53 reset --sources
	same "7 434" "$(dropped)"
	same "0 7" "$(json sources '[.tracked, .untracked.packets] | join(" ")')"
	sum_rule
	send count=5 >/dev/null
	send count=2 src=192.0.2.9 >/dev/null
	same $'["192.0.2.1",5]\n["192.0.2.9",2]' "$(json sources '.sources[] | [.source, .packets]')"
	same 7 "$(json sources .untracked.packets)"
	sum_rule
	d53 reset --sources
	d53 reset --sources
	sum_rule
	d53 reset
	same "0 0" "$(dropped)"
	sum_rule
}

@test "resets during a flood lose and invent nothing" {
	local i

	d53 attach eth0 --sources 1024
	flood src=10.0.0.0 sources=20000
	for i in {1..30}; do
		d53 reset --sources 2>/dev/null
	done
	stop flood
	same "$(cat "$room/flood.out")" "$(dropped)"
	sum_rule
	flood src=10.0.0.0 sources=20000
	for i in {1..30}; do
		d53 reset 2>/dev/null
	done
	stop flood
	sum_rule
	[ "$(dropped | cut -d' ' -f1)" -le "$(cut -d' ' -f1 "$room/flood.out")" ]
}

@test "counters of a detached interface stay as long as the filter" {
	d53 attach eth0 eth1
	send count=3 >/dev/null
	send on=eth1 count=4 >/dev/null
	d53 detach eth1
	send on=eth1 count=50 >/dev/null
	same $'["eth0","ipv4","udp",3,186]\n["eth1","ipv4","udp",4,248]' \
		"$(nonzero_counters drop port53)"
	sum_rule
	d53 attach eth1
	send on=eth1 count=1 >/dev/null
	same $'["eth0","ipv4","udp",3,186]\n["eth1","ipv4","udp",5,310]' \
		"$(nonzero_counters drop port53)"
}

@test "an interface that is made again under its name has one set of counters" {
	d53 attach eth0 eth1
	send on=eth1 count=4 >/dev/null
	ip -n "$sandbox-host" link del eth1
	add_link eth1
	d53 attach eth1
	send on=eth1 count=3 >/dev/null
	same 0 "$(json counters '.counters | group_by([.interface, .family, .protocol, .verdict,
		.reason]) | map(select(length > 1)) | length')"
	same '["eth1","ipv4","udp",7,434]' "$(nonzero_counters drop port53)"
	sum_rule
}

@test "the first packet after attach is counted for its interface" {
	local i

	flood
	for i in {1..8}; do
		d53 attach eth0
		same '["eth0"]' "$(json counters '[.counters[].interface] | unique')"
		d53 detach eth0
	done
	stop flood
}
