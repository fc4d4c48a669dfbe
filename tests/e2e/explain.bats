#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# explain: verdicts of the loaded program over questions and recorded frames, counting nothing.

load lib

setup() {
	sandbox_up
	d53 attach eth0 2>/dev/null
}

teardown() {
	# Whatever was asked, nothing was counted, unless the test itself sent something.
	[ -n "${sent:-}" ] || [ ! -e "$state" ] || same "0 0" "$(dropped)"
	sandbox_down
}

# answer OPTION...: verdict, reason, source, matching prefix and generation of every result.
answer() {
	json explain "$@" '.results[] | [.verdict, .reason, .source, .matched_prefix // "-",
		.generation] | join(" ")'
}

# bytes HEX...: as they are
bytes() {
	local hex

	hex=$(tr -d ' \n' <<<"$*")
	# shellcheck disable=SC2059
	printf "$(sed 's/../\\x&/g' <<<"$hex")"
}

le32() {
	printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) \
		$(($1 >> 24 & 255))
}

# pcap LINKTYPE: a classic file's header
pcap() {
	bytes d4c3b2a1 0200 0400 00000000 00000000 "$(le32 262144)" "$(le32 "$1")"
}

# record LENGTH HEX: a frame of which the file has HEX (and padding of zeros up to caplen, if given)
record() {
	local have=$((${#2} / 2))

	bytes 00000000 00000000 "$(le32 "${3:-$have}")" "$(le32 "$1")" "$2"
	[ -z "${3:-}" ] || head -c $(($3 - have)) /dev/zero
}

ethernet=020000000053020000000001
udp53=$ethernet'08004500003000000000401100''00c0000201c00002354e200035001c0000'0102030405060708
reply=$ethernet'08004500003000000000401100''00c0000201c000023500354e20001c0000'0102030405060708
tcp53v6=$ethernet'86dd600000000014064020010db800000000000000000000000120010db80000000000000000000000534e200035000000000000000050020000000000''00'
arp=$ethernet'08060001080006040001020000000001c0000201000000000000c0000235'

@test "a question: UDP is the default, TCP on demand, both families" {
	same "drop port53 192.0.2.1 - 1" "$(answer --src 192.0.2.1)"
	same "drop port53 192.0.2.1 - 1" "$(answer --src 192.0.2.1 --proto tcp)"
	same "drop port53 2001:db8::1 - 1" "$(answer --src 2001:db8::1 --proto udp)"
	same "drop port53 2001:db8::1 - 1" "$(answer --src 2001:db8::1 --proto tcp)"
	same "drop port53 ::ffff:192.0.2.1 - 1" "$(answer --src ::ffff:192.0.2.1)"
}

@test "the matching prefix and the generation, for allowed sources and exceptions" {
	d53 allow add 192.0.2.0/24 '!192.0.2.128/25' 2001:db8::/32
	same "pass allowed 192.0.2.1 192.0.2.0/24 2" "$(answer --src 192.0.2.1)"
	same "drop port53 192.0.2.129 !192.0.2.128/25 2" "$(answer --src 192.0.2.129)"
	same "drop port53 203.0.113.1 - 2" "$(answer --src 203.0.113.1)"
	same "pass allowed 2001:db8::9 2001:db8::/32 2" "$(answer --src 2001:db8::9)"
}

@test "the verdict is the live one: policy and scope" {
	d53 policy monitor
	same "would_drop port53 192.0.2.1 - 1" "$(answer --src 192.0.2.1)"
	d53 policy enforce --confirm 600
	same "drop port53 192.0.2.1 - 1" "$(answer --src 192.0.2.1)"
	d53 attach eth0 --scope local
	same "drop port53 192.0.2.1 - 1" "$(answer --src 192.0.2.1 --dst 192.0.2.53)"
	same "pass not_local 192.0.2.1 - 1" "$(answer --src 192.0.2.1 --dst 203.0.113.1)"
	same "drop port53 2001:db8::1 - 1" "$(answer --src 2001:db8::1 --dst 2001:db8::53)"
	same "pass not_local 2001:db8::1 - 1" "$(answer --src 2001:db8::1 --dst 2001:db8::54)"
	# Where it is sent to is this host, unless it is said otherwise.
	same "drop port53 192.0.2.1 - 1" "$(answer --src 192.0.2.1)"
}

@test "--iface: one that is not attached is an error" {
	same "drop port53 192.0.2.1 - 1" "$(answer --src 192.0.2.1 --iface eth0)"
	fails 1 "lo: not attached" d53 explain --src 192.0.2.1 --iface lo
	fails 1 "nope: not attached" d53 explain --src 192.0.2.1 --iface nope
}

@test "wrong questions" {
	fails 2 "--src or --pcap" d53 explain
	fails 2 "--src or --pcap" d53 explain --src 192.0.2.1 --pcap "$room/file"
	fails 2 "--src or --pcap" d53 explain --dst 192.0.2.1
	fails 2 "nonsense" d53 explain --src nonsense
	fails 2 "192.0.2.0/24" d53 explain --src 192.0.2.0/24
	fails 2 "one family" d53 explain --src 192.0.2.1 --dst 2001:db8::1
	fails 2 "sctp" d53 explain --src 192.0.2.1 --proto sctp
	fails 2 "options alone" d53 explain 192.0.2.1
}

@test "in words" {
	d53 allow add 192.0.2.1
	run -0 --separate-stderr d53 explain --src 192.0.2.1
	[[ $output == *"pass, allowed"*"192.0.2.1"*"generation 2"* ]]
	run -0 --separate-stderr d53 explain --src 192.0.2.2
	[[ $output == *"drop, port53"*"192.0.2.2"* ]]
}

@test "a pcap file: each frame in order" {
	d53 allow add 2001:db8::1
	{
		pcap 1
		record 50 "$udp53"
		record 50 "$reply"
		record 42 "$arp"
		record 74 "$tcp53v6"
	} >"$room/file"
	same $'drop port53 192.0.2.1 - 2\npass other 192.0.2.1 - 2\npass other  - 2\npass allowed 2001:db8::1 2001:db8::1 2' \
		"$(answer --pcap "$room/file")"
	same '[1,2,3,4]' "$(json explain --pcap "$room/file" '[.results[].frame]')"
	same '[true,true,false,true]' "$(json explain --pcap "$room/file" '[.results[] | .source != null]')"
	same '[null]' "$(json explain --pcap "$room/file" '[.results[].snapped] | unique')"
	run -0 --separate-stderr d53 explain --pcap "$room/file"
	same 4 "${#lines[@]}"
}

@test "a pcapng file: enhanced and simple packets" {
	{
		bytes 0a0d0d0a "$(le32 28)" 4d3c2b1a 01000000 ffffffffffffffff "$(le32 28)"
		bytes 01000000 "$(le32 20)" 01000000 00000000 "$(le32 20)"
		bytes 06000000 "$(le32 84)" 00000000 00000000 00000000 "$(le32 50)" "$(le32 50)" \
			"$udp53" 0000 "$(le32 84)"
		bytes 03000000 "$(le32 68)" "$(le32 50)" "$reply" 0000 "$(le32 68)"
	} >"$room/file"
	same $'drop port53 192.0.2.1 - 1\npass other 192.0.2.1 - 1' "$(answer --pcap "$room/file")"
}

@test "frames of every length: none, runts, giants" {
	{
		pcap 1
		record 0 ""
		record 1 02
		record 13 "${udp53:0:26}"
		record 14 "${udp53:0:28}"
		record 37 "${udp53:0:74}"
		record 38 "${udp53:0:76}"
		record 3600 "$udp53" 3600
		record 73000 "$udp53" 73000
		record 74000 "$udp53" 74000
		record 80000 "$udp53" 80000
		record 80000 "$reply" 80000
		record 262144 "$tcp53v6" 262144
	} >"$room/file"
	same '["malformed","malformed","malformed","malformed","malformed","port53","port53","port53","port53","port53","other","port53"]' \
		"$(json explain --pcap "$room/file" '[.results[].reason]')"
}

@test "frames that the capture cut short say so, and are judged by what there is" {
	{
		pcap 1
		record 1500 "$udp53"
		record 50 "${udp53:0:72}"
		record 50 "$udp53"
	} >"$room/file"
	same '[["drop","port53",true],["pass","malformed",true],["drop","port53",null]]' \
		"$(json explain --pcap "$room/file" '[.results[] | [.verdict, .reason, .snapped]]')"
	run -0 d53 explain --pcap "$room/file"
	[[ ${lines[0]} == *"cut short"* ]] && [[ ${lines[2]} != *"cut short"* ]]
}

@test "what is no capture of Ethernet frames is refused" {
	pcap 113 >"$room/cooked"
	fails 1 "Ethernet" d53 explain --pcap "$room/cooked"
	pcap 101 >"$room/raw"
	fails 1 "Ethernet" d53 explain --pcap "$room/raw"
	echo "not a capture at all" >"$room/text"
	fails 1 "$room/text" d53 explain --pcap "$room/text"
	: >"$room/empty"
	fails 1 "$room/empty" d53 explain --pcap "$room/empty"
	fails 1 "$room/none" d53 explain --pcap "$room/none"
	fails 1 "$room" d53 explain --pcap "$room"
	pcap 1 >"$room/nothing"
	same "[]" "$(json explain --pcap "$room/nothing" .results)"
}

@test "a file that breaks off: what there is, then the error; the JSON stays whole" {
	{
		pcap 1
		record 50 "$udp53"
		record 50 "$reply"
	} | head -c 110 >"$room/file"
	run -1 --separate-stderr d53 explain --pcap "$room/file" --json
	same '["port53"]' "$(jq -c '[.results[].reason]' <<<"$output")"
	[[ $stderr == *"$room/file: broken after frame 1"* ]]
}

@test "recorded traffic of real clients: what tcpdump calls port 53 is dropped, all else is not" {
	local address

	d53 detach --all
	start tcpdump nsenter --net="/run/netns/$sandbox-peer" tcpdump -i eth0 \
		--immediate-mode -U -w "$room/file"
	start server nsenter --net="/run/netns/$sandbox-host" dnsmasq -k -C /dev/null -u root \
		--no-resolv --no-hosts --pid-file= --address=/example.test/203.0.113.7
	eventually test -s "$room/file"
	for address in 192.0.2.53 2001:db8:0::53; do
		eventually on_peer dig +short "@$address" example.test A
		on_peer dig +tcp +short "@$address" example.test A
		on_peer ping -c 2 -i 0.2 "$address" >/dev/null
	done
	stop tcpdump
	stop server
	d53 attach eth0
	tcpdump -r "$room/file" -w "$room/theirs" 'dst port 53' 2>/dev/null
	tcpdump -r "$room/file" -w "$room/others" 'not dst port 53' 2>/dev/null
	same '["port53"]' "$(json explain --pcap "$room/theirs" '[.results[].reason] | unique')"
	same '["other"]' "$(json explain --pcap "$room/others" '[.results[].reason] | unique')"
	[ "$(json explain --pcap "$room/theirs" '.results | length')" -ge 12 ]
	[ "$(json explain --pcap "$room/others" '.results | length')" -ge 12 ]
}

@test "explain says what then happens" {
	local source

	sent=yes
	d53 allow add 192.0.2.0/28 '!192.0.2.7'
	for source in 192.0.2.1 192.0.2.7 192.0.2.15 192.0.2.16; do
		d53 reset
		send src=$source >/dev/null
		same "$(json counters '.counters[] | select(.packets > 0) | [.verdict, .reason]')" \
			"$(json explain --src $source '.results[] | [.verdict, .reason]')"
	done
}

@test "nothing attached: said" {
	d53 detach --all
	fails 1 "not attached" d53 explain --src 192.0.2.1
}
