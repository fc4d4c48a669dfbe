#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `explain --pcap` on the table of frames, and on what real servers and clients said to each other,
# recorded here, against what tshark makes of it. Real traffic leaves no room for opinions: frame
# by frame the two must say the same.

# shellcheck disable=SC2154 # room, sandbox, stderr... come from lib.bash and bats
load lib

teardown() {
	sandbox_down
}

# needs COMMAND...
needs() {
	local name

	for name in "$@"; do
		command -v "$name" >/dev/null || skip "$name is not installed"
	done
}

# The frames as tshark numbers them: "drop SOURCE", "fragment" (a later one) or "other". What an
# ICMP error quotes is not the frame's own port.
by_tshark() {
	tshark -n -r "$1" -o ip.defragment:FALSE -o ipv6.defragment:FALSE -T fields \
		-E occurrence=f -e udp.dstport -e tcp.dstport -e ip.src -e ipv6.src \
		-e ip.frag_offset -e ipv6.fraghdr.offset -e icmp.type -e icmpv6.type 2>/dev/null |
		awk -F '\t' '
		{ port = ($1 == 53 || $2 == 53) && $7 == "" && $8 == "" }
		$5 > 0 || $6 > 0 { print "fragment"; next }
		port { print "drop", $3 != "" ? $3 : $4; next }
		{ print "other" }'
}

by_explain() {
	json explain --pcap "$1" '.results[] | if .verdict == "drop" then "drop " + .source
		else .reason end'
}

agree() {
	by_explain "$1" >"$room/explain"
	by_tshark "$1" >"$room/tshark"
	[ -s "$room/tshark" ]
	diff "$room/tshark" "$room/explain"
}

# said LEAST WORD: explain said it of that many frames at least, or the recording shows nothing.
said() {
	local times

	times=$(grep -c "^$2" "$room/explain")
	[ "$times" -ge "$1" ] || { echo "$2: $times times, wanted $1" >&2; return 1; }
}

@test "the table of frames as a capture: reason and source as the table says" {
	sandbox_up
	frames pcap "$room/table.pcap" | awk '{ print $1, $2 }' >"$room/table"
	d53 attach eth0
	json explain --pcap "$room/table.pcap" '.results[] | .reason + " " +
		(if .verdict == "drop" then .source // "-" else "-" end)' >"$room/explain"
	diff "$room/table" "$room/explain"
}

# record COMMAND...: what is on the host's wire, both ways, while the command runs, in $room/pcap.
record() {
	start tcpdump nsenter --net="/run/netns/$sandbox-host" tcpdump -Z root -i eth0 \
		--immediate-mode -U -B 8192 -w "$room/pcap"
	eventually test -s "$room/pcap"
	"$@"
	# Nobody is asked before the last frame is in the file: the ping's comes last.
	on_peer ping -q -c 1 -p d5300053 -s 53 192.0.2.53 >/dev/null
	eventually last_ping_recorded
	stop tcpdump
}

last_ping_recorded() {
	[ "$(tcpdump -r "$room/pcap" 'icmp[0] = 0 and ip[2:2] = 81' 2>/dev/null | wc -l)" -ge 1 ]
}

dnsmasq_on() {
	start "dnsmasq-$1" nsenter --net="/run/netns/$sandbox-$1" dnsmasq -k -C /dev/null -u root \
		--no-resolv --no-hosts --pid-file= --address=/example.test/203.0.113.7
	eventually "on_$1" dig +short +time=1 +tries=1 @127.0.0.1 example.test A
}

here=(192.0.2.53 2001:db8:0::53)

ask_as_clients_do() {
	local address

	for address in "${here[@]}"; do
		on_peer dig +short "@$address" example.test A
		on_peer dig +short +tcp "@$address" example.test A
		on_peer dig +short +bufsize=4096 +dnssec +ednsopt=12:"$(printf '%02000d' 0)" \
			"@$address" example.test TXT
		on_peer kdig +short "@$address" example.test AAAA
		on_peer kdig +short +tcp +keepopen "@$address" example.test A example.test MX
		on_peer kdig +short +fastopen "@$address" example.test A
	done
}

@test "dig, kdig and a server: all that goes to it is dropped, its answers are not" {
	needs tshark tcpdump dnsmasq dig kdig
	sandbox_up
	dnsmasq_on host
	record ask_as_clients_do
	d53 attach eth0
	agree "$room/pcap"
	said 20 'drop 192.0.2.1$'
	said 20 'drop 2001:db8::1$'
	said 30 other
}

load_the_server() {
	yes 'example.test A' | head -n 200 >"$room/queries"
	on_peer dnsperf -s 192.0.2.53 -d "$room/queries" -n 1 -q 20 >/dev/null
	on_peer dnsperf -s 2001:db8:0::53 -d "$room/queries" -n 1 -q 20 -m tcp >/dev/null
}

@test "dnsperf over UDP and TCP: every query is a drop" {
	needs tshark tcpdump dnsmasq dig dnsperf
	sandbox_up
	dnsmasq_on host
	record load_the_server
	d53 attach eth0
	agree "$room/pcap"
	said 100 'drop 192.0.2.1$'
	said 10 'drop 2001:db8::1$'
}

ask_from_the_host() {
	local address

	for address in 192.0.2.1 2001:db8:0::1; do
		on_host dig +short "@$address" example.test A
		on_host dig +short +tcp "@$address" example.test A
	done
}

@test "the host's own queries: what comes back from port 53 is not dropped" {
	needs tshark tcpdump dnsmasq dig
	sandbox_up
	dnsmasq_on peer
	record ask_from_the_host
	d53 attach eth0
	agree "$room/pcap"
	tcpdump -r "$room/pcap" -w "$room/inbound" \
		'src port 53 and (src host 192.0.2.1 or src host 2001:db8::1)' 2>/dev/null
	agree "$room/inbound"
	said 8 other
	run ! grep drop "$room/explain"
}

fragment_and_transfer() {
	local address

	for address in "${here[@]}"; do
		on_peer ping -q -c 2 -i 0.01 -s 4000 "$address" >/dev/null
		# A datagram of some 4 KB to port 53, and one to another: fragments on the wire.
		head -c 4000 /dev/zero | on_peer nc -u -w 1 -q 0 "$address" 53
		head -c 4000 /dev/zero | on_peer nc -u -w 1 -q 0 "$address" 4242
		on_peer nc -z -w 5 "$address" 53
		on_peer nc -z -w 5 "$address" 4242 || true # refused: a reset is traffic too
		on_peer iperf3 -c "$address" -n 300K >/dev/null
		on_peer iperf3 -c "$address" -u -b 0 -n 100K >/dev/null
	done
}

@test "fragments, ping, iperf3, nc: only first fragments and segments to port 53 are dropped" {
	needs tshark tcpdump dnsmasq dig nc iperf3 ping
	sandbox_up
	dnsmasq_on host
	start iperf3 nsenter --net="/run/netns/$sandbox-host" iperf3 -s
	eventually on_peer iperf3 -c 192.0.2.53 -n 1K
	record fragment_and_transfer
	d53 attach eth0
	agree "$room/pcap"
	said 20 fragment
	said 4 'drop 192.0.2.1$'
	said 4 'drop 2001:db8::1$'
	said 100 other
}
