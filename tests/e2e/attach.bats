#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# attach, detach and status: what they leave behind, whatever happens.

load lib

setup() {
	sandbox_up 2
}

teardown() {
	sandbox_down
}

# Nothing of ours is left: no state, nothing half built, no program on the interfaces.
clean() {
	local left

	left=$(find "$DROP53_BPFFS" -mindepth 1 -name 'drop53*')
	[ -z "$left" ] || { echo "left: $left" >&2; return 1; }
	no_xdp eth0 eth1
}

# attached NAME...: exactly these, and status is content.
attached() {
	same "$(printf '%s\n' "$@" | sort)" \
		"$(json status '.interfaces[] | select(.attached).name' | sort)"
	d53 status >/dev/null
}

# somebody_else MODE: puts a program that is not ours on eth0 (xdpdrv, xdpgeneric).
somebody_else() {
	ip -n "$sandbox-host" link set dev eth0 "$1" obj \
		"$build/tests/tools/e2e_stranger.bpf.o" sec xdp
}

hook_of() {
	ip -n "$sandbox-host" -j link show "$1" | jq -c '.[0].xdp.prog.id'
}

@test "one filter on several interfaces, natively where the driver can" {
	d53 attach eth0 eth1
	attached eth0 eth1
	same native "$(json status '[.interfaces[].xdp_mode] | unique[]')"
	same "$(hook_of eth0)" "$(hook_of eth1)"
	same "$(hook_of eth0)" "$(json status .interfaces[0].program_id)"
	d53 detach eth0
	attached eth1
	no_xdp eth0
	d53 detach eth1
	clean
}

@test "interfaces can be added later, and the settings stay" {
	d53 attach eth0 --policy monitor --scope local
	d53 allow add 192.0.2.9
	d53 attach eth1
	attached eth0 eth1
	same "monitor local 1" \
		"$(json status '[.policy, .scope, .allow.ipv4_prefixes] | join(" ")')"
	same "$(hook_of eth0)" "$(hook_of eth1)"
}

@test "attaching what is attached is done already, and changes nothing" {
	d53 attach eth0
	send count=3 >/dev/null
	before=$(json status .interfaces)
	run -0 --separate-stderr d53 attach eth0
	same "eth0: already attached (native)" "$stderr"
	same "$before" "$(json status .interfaces)"
	same "3 186" "$(dropped)"
}

@test "a second attach changes what is a run-time setting" {
	d53 attach eth0
	printf '192.0.2.0/24\n' >"$room/list"
	d53 attach eth0 --policy monitor --scope local --allow-file "$room/list"
	same "monitor local 1 2" "$(json status \
		'[.policy, .scope, .allow.ipv4_prefixes, .allow.generation] | join(" ")')"
	d53 attach eth1 --policy enforce --scope any
	same "enforce any 1 2" "$(json status \
		'[.policy, .scope, .allow.ipv4_prefixes, .allow.generation] | join(" ")')"
	attached eth0 eth1
}

@test "a second attach that would change what is fixed at load is refused" {
	d53 attach eth0 --sources 4096 --source-len 24,64
	d53 attach eth0 --sources 4096 --source-len 24,64
	fails 2 "fixed when the filter is loaded" d53 attach eth1 --sources 8192
	fails 2 "fixed when the filter is loaded" d53 attach eth1 --source-len 32,128
	fails 2 "already attached in native mode" d53 attach eth0 --xdp-mode generic
	attached eth0
	no_xdp eth1
}

@test "a name given twice is one interface" {
	d53 attach eth0 eth0
	attached eth0
	d53 detach eth0 eth0
	clean
}

@test "the mode is what was asked for" {
	d53 attach eth0 --xdp-mode generic
	d53 attach eth1 --xdp-mode native
	same '["generic","native"]' "$(json status '[.interfaces[].xdp_mode]')"
	send count=2 >/dev/null
	send on=eth1 count=3 >/dev/null
	same "5 310" "$(dropped)"
}

@test "a driver without native XDP: generic with a warning, or exit 5 if native was asked for" {
	ip -n "$sandbox-host" link add br0 type bridge
	fails 5 "no native XDP" d53 attach br0 --xdp-mode native
	clean
	run -0 --separate-stderr d53 attach br0
	[[ $stderr == *"br0: attached (generic)"*"warning: br0: the driver has no native XDP"* ]]
	same generic "$(json status .interfaces[0].xdp_mode)"
}

@test "an interface that is not there: nothing is attached" {
	fails 1 "nope: no such interface" d53 attach nope
	clean
	fails 1 "nope: no such interface" d53 attach eth0 eth1 nope
	clean
	fails 1 "no such interface" d53 attach ''
	fails 1 "no such interface" d53 attach a-name-longer-than-any-interface-has
	clean
}

@test "half of an attach that fails is undone, and what was before stays" {
	d53 attach eth1 --policy enforce
	somebody_else xdpdrv
	before=$(json status .)
	printf '192.0.2.0/24\n' >"$room/list"
	fails 6 eth0 d53 attach eth1 eth0 --policy monitor --scope local --allow-file "$room/list"
	same "$before" "$(json status .)"
	ip -n "$sandbox-host" link set dev eth0 xdpdrv off
	fails 1 nope d53 attach eth0 nope --policy monitor
	same "$before" "$(json status .)"
	no_xdp eth0
	d53 attach eth0
	attached eth0 eth1
}

@test "an attach that fails lets no packet through on what is attached" {
	local i

	d53 attach eth1
	printf '198.51.100.0/24\n' >"$room/list"
	flood on=eth1 src=198.51.100.1
	for i in {1..10}; do
		run -1 d53 attach nope --policy monitor
		run -1 d53 attach nope --allow-file "$room/list"
	done
	stop flood
	same 0 "$(json counters '[.counters[] | select(.verdict != "drop").packets] | add')"
}

@test "a program of someone else's is left alone and named, natively and generically" {
	local mode id

	for mode in xdpdrv xdpgeneric; do
		somebody_else $mode
		id=$(hook_of eth0)
		fails 6 "id $id, name stranger" d53 attach eth0
		fails 6 "id $id, name stranger" d53 attach eth0 --xdp-mode native
		fails 6 "id $id, name stranger" d53 attach eth0 --xdp-mode generic
		fails 6 "id $id, name stranger" d53 attach eth1 eth0
		same "$id" "$(hook_of eth0)"
		clean_but_for_eth0
		ip -n "$sandbox-host" link set dev eth0 $mode off
	done
}

clean_but_for_eth0() {
	[ ! -e "$state" ] && no_xdp eth1
}

@test "nobody replaces or removes what is attached" {
	d53 attach eth0
	id=$(hook_of eth0)
	run ! somebody_else xdpdrv
	run ! somebody_else xdpgeneric
	run ! ip -n "$sandbox-host" -force link set dev eth0 xdpdrv obj \
		"$build/tests/tools/e2e_stranger.bpf.o" sec xdp
	run ! ip -n "$sandbox-host" link set dev eth0 xdpdrv off
	same "$id" "$(hook_of eth0)"
	attached eth0
}

@test "an interface that is down is attached with a warning, and filtered once it is up" {
	ip -n "$sandbox-host" link set eth0 down
	run -0 --separate-stderr d53 attach eth0
	[[ $stderr == *"warning: eth0: the interface is down"* ]]
	attached eth0
	ip -n "$sandbox-host" link set eth0 up
	send count=3 >/dev/null
	same "3 186" "$(dropped)"
}

@test "an interface that goes away is missed (3), and can be attached again when it is back" {
	d53 attach eth0 eth1
	send on=eth1 count=3 >/dev/null
	ip -n "$sandbox-host" link del eth1
	run -3 --separate-stderr d53 status
	[[ $stderr == *"eth1"* ]]
	same '[["eth0",true],["eth1",false]]' "$(json status '[.interfaces[] | [.name, .attached]]')"
	add_link eth1
	run -3 d53 status
	d53 attach eth1
	attached eth0 eth1
	same 2 "$(json status '.interfaces | length')"
	send on=eth1 count=3 >/dev/null
	same "6 372" "$(dropped)"
	d53 detach eth1
	attached eth0
}

@test "an interface that went away can be detached by its name" {
	d53 attach eth0 eth1
	ip -n "$sandbox-host" link del eth1
	d53 detach eth1
	attached eth0
	same 1 "$(json status '.interfaces | length')"
	d53 detach --all
	clean
}

@test "all interfaces gone: detach --all leaves nothing" {
	d53 attach eth0 eth1
	ip -n "$sandbox-host" link del eth0
	ip -n "$sandbox-host" link del eth1
	run -3 d53 status
	d53 detach --all
	[ ! -e "$state" ]
}

@test "a link that was detached by force is missed (3) and made good by attach" {
	d53 attach eth0
	bpftool link detach pinned "$(echo "$state"/link-*)"
	run -3 d53 status
	d53 attach eth0
	attached eth0
	bpftool link detach pinned "$(echo "$state"/link-*)"
	d53 detach eth0
	clean
}

@test "an attach that fails does not make status forget what is missing" {
	d53 attach eth0 eth1
	bpftool link detach pinned "$state/link-$(json status '.interfaces[1].ifindex')"
	run -3 d53 status
	before=$(json status .)
	fails 1 nope d53 attach eth1 nope
	run -3 d53 status
	same "$before" "$(json status .)"
	d53 attach eth1
	attached eth0 eth1
}

@test "a renamed interface goes by its new name, and its old one while nobody else has it" {
	d53 attach eth0
	ip -n "$sandbox-host" link set eth0 name wan0
	attached wan0
	d53 detach eth0
	d53 attach wan0
	ip -n "$sandbox-host" link set wan0 name eth0
	add_link wan0
	d53 attach wan0
	attached eth0 wan0
	d53 detach wan0
	attached eth0
	ip -n "$sandbox-host" link del wan0
}

@test "a name with a dot, and names as long as they get" {
	add_link eth0.100
	add_link fifteen-letters
	d53 attach eth0.100 fifteen-letters
	attached eth0.100 fifteen-letters
	send on=eth0.100 count=2 >/dev/null
	send on=fifteen-letters count=3 >/dev/null
	same $'["eth0.100",2]\n["fifteen-letters",3]' \
		"$(json counters '.counters[] | select(.packets > 0) | [.interface, .packets]')"
	d53 detach eth0.100 fifteen-letters
	clean
}

@test "detach: what is not attached is an error, and nothing is done" {
	fails 1 "not attached" d53 detach eth0
	fails 1 "not attached" d53 detach --all
	d53 attach eth0
	fails 1 "eth1: not attached" d53 detach eth0 eth1
	fails 1 "nope: not attached" d53 detach nope
	attached eth0
}

@test "detach --keep-state keeps counters, allow-list and settings for the next attach" {
	d53 attach eth0 --policy monitor
	d53 allow add 192.0.2.9
	send count=3 >/dev/null
	d53 detach --all --keep-state
	[ -e "$state" ]
	no_xdp eth0
	run -3 --separate-stderr d53 status
	[[ $stderr == *"attached to no interface"* ]]
	same "3 186" "$(dropped)"
	d53 allow add 192.0.2.10
	d53 attach eth0
	same "monitor 2" "$(json status '[.policy, .allow.ipv4_prefixes] | join(" ")')"
	same "3 186" "$(dropped)"
	sum_rule
	d53 detach eth0 --keep-state
	d53 detach --all
	clean
}

@test "another network namespace has to use a bpffs of its own" {
	d53 attach eth0
	fails 1 "another network namespace" on_peer drop53 attach eth1
	attached eth0
	mkdir "$room/other"
	mount -t bpf bpf "$room/other"
	on_peer drop53 --bpffs "$room/other" attach eth1
	on_peer drop53 status "--bpffs=$room/other" >/dev/null
	DROP53_BPFFS=$room/other on_peer drop53 detach --all
	umount "$room/other"
	attached eth0
}

@test "no bpffs, or another path than one: said with the mend" {
	local command

	for command in "attach eth0" "detach --all" status counters sources "allow list" reset \
		"policy monitor" "explain --src 192.0.2.1"; do
		# shellcheck disable=SC2086
		fails 1 "mount -t bpf bpf $room" on_host drop53 --bpffs "$room" $command
		# shellcheck disable=SC2086
		fails 1 "mount -t bpf bpf /nowhere" on_host drop53 --bpffs /nowhere $command
	done
}

@test "status before anything is attached: exit 3, and JSON of the same shape" {
	fails 3 "not attached" d53 status
	run -3 --separate-stderr d53 status --json
	same '[1,null,null,[],0,0]' "$(jq -c '[.schema_version, .policy, .scope, .interfaces,
		.allow.generation, .sources.tracked]' <<<"$output")"
}

@test "--sources and --source-len decide the table's size and shape" {
	d53 attach eth0 --sources 20000
	capacity=$(json status .sources.capacity)
	[ "$capacity" -le 20000 ] && [ "$capacity" -ge 19900 ]
	same "$capacity" "$(json sources .capacity)"
	d53 detach --all
	d53 attach eth0
	# 16 MiB of 64 bytes each
	capacity=$(json status .sources.capacity)
	[ "$capacity" -le 262144 ] && [ "$capacity" -ge 262000 ]
}

@test "--allow-file: a wrong one and nothing is attached" {
	printf '192.0.2.0/24\n192.0.2.1/24\n' >"$room/list"
	fails 1 "$room/list:2:" d53 attach eth0 --allow-file "$room/list"
	fails 1 "$room/none" d53 attach eth0 --allow-file "$room/none"
	clean
	printf '192.0.2.1\n' >"$room/list"
	d53 attach eth0 --allow-file "$room/list"
	send count=2 >/dev/null
	same "0 0" "$(dropped)"
	same 2 "$(json counters '[.counters[] | select(.reason == "allowed").packets] | add')"
}

@test "a listener on :53 is warned about, unless somebody is in the allow-list" {
	start server nsenter --net="/run/netns/$sandbox-host" nc -lu 0.0.0.0 53
	eventually on_host bash -c 'ss -Huln "sport = 53" | grep -q .'
	run -0 --separate-stderr d53 attach eth0
	[[ $stderr == *"warning: this host serves UDP 0.0.0.0 port 53"* ]]
	d53 allow add 192.0.2.9
	run -0 --separate-stderr d53 attach eth1
	[[ $stderr != *warning* ]]
}

@test "a listener on loopback alone is nobody's business" {
	start server nsenter --net="/run/netns/$sandbox-host" nc -lu 127.0.0.53 53
	eventually on_host bash -c 'ss -Huln "sport = 53" | grep -q .'
	run -0 --separate-stderr d53 attach eth0
	[[ $stderr != *warning* ]]
}

@test "more interfaces over time than there is room for at once" {
	local i

	d53 attach eth0
	for i in {1..70}; do
		ip -n "$sandbox-host" link add t0 type veth peer name t1
		d53 attach t0 2>/dev/null
		d53 detach t0 2>/dev/null
		ip -n "$sandbox-host" link del t0
	done
	attached eth0
	sum_rule
}
