#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Who may do what: nobody nothing, the three capabilities everything, a reader what he is given.

load lib

setup() {
	sandbox_up
	chmod 755 "$room"
}

teardown() {
	sandbox_down
}

# as_nobody COMMAND...
as_nobody() {
	on_host setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		--bounding-set=-all "$@"
}

# with CAPABILITIES COMMAND...: root with these and no others
with() {
	on_host setpriv --inh-caps=-all "--bounding-set=-all,$1" "${@:2}"
}

changes=("attach eth0" "detach eth0" "detach --all" "policy monitor" "confirm" "allow add 192.0.2.1"
	"allow del 192.0.2.1" "reset" "reset --sources")
reads=("status" "status --json" "counters" "counters --json" "sources" "sources --json"
	"sources --csv" "allow list" "explain --src 192.0.2.1")

@test "nobody may not attach, and leaves nothing behind" {
	fails 4 "CAP_BPF" as_nobody drop53 attach eth0
	same "" "$(find "$DROP53_BPFFS" -name 'drop53*')"
	no_xdp eth0
}

@test "nobody may neither change nor read what root attached" {
	local command before

	d53 attach eth0
	before=$(json status .)
	for command in "${changes[@]}" "${reads[@]}"; do
		# shellcheck disable=SC2086
		fails 4 ermi as_nobody drop53 $command
	done
	same "$before" "$(json status .)"
}

@test "the pins are for root alone" {
	d53 attach eth0
	d53 allow add 192.0.2.1
	same "700" "$(stat -c %a "$state")"
	same "600" "$(stat -c %a "$state"/* | sort -u)"
	same "0:0" "$(stat -c %u:%g "$state" "$state"/* | sort -u)"
}

@test "three capabilities are enough to attach, one to change the list, none to detach" {
	with +bpf,+net_admin,+perfmon drop53 attach eth0
	send count=2 >/dev/null
	same "2 124" "$(dropped)"
	with -all drop53 status >/dev/null
	with -all drop53 policy monitor
	with +bpf drop53 allow add 192.0.2.9
	with -all drop53 detach --all
	no_xdp eth0
}

@test "without one of the three: exit 4, which names them" {
	fails 4 "CAP_PERFMON" with +bpf,+net_admin drop53 attach eth0
	fails 4 "CAP_NET_ADMIN" with +bpf,+perfmon drop53 attach eth0
	fails 4 "CAP_BPF" with +net_admin,+perfmon drop53 attach eth0
	same "" "$(find "$DROP53_BPFFS" -name 'drop53*')"
}

@test "a program of someone else's: its id is named also without CAP_SYS_ADMIN" {
	ip -n "$sandbox-host" link set dev eth0 xdp obj "$build/tests/tools/e2e_stranger.bpf.o" \
		sec xdp
	id=$(ip -n "$sandbox-host" -j link show eth0 | jq '.[0].xdp.prog.id')
	fails 6 "id $id" with +bpf,+net_admin,+perfmon drop53 attach eth0
}

@test "a reader of group-readable pins sees everything, right, and changes nothing" {
	local command

	d53 attach eth0 --sources 4096
	d53 allow add 192.0.2.9
	send count=24 sources=8 >/dev/null
	send count=5 src=192.0.2.9 >/dev/null
	chgrp -R 65534 "$state"
	chmod 750 "$state"
	chmod 640 "$state"/*
	for command in "${reads[@]}"; do
		# shellcheck disable=SC2086
		same "drop53 $command: $(d53 $command 2>/dev/null)" \
			"drop53 $command: $(as_nobody drop53 $command 2>/dev/null)"
		# shellcheck disable=SC2086
		as_nobody drop53 $command >/dev/null 2>&1
	done
	for command in "${changes[@]}"; do
		# shellcheck disable=SC2086
		fails 4 "Permission denied" as_nobody drop53 $command
	done
	same '[8,24]' "$(as_nobody drop53 sources --json | jq -c '[.tracked, .total.packets]')"
}

@test "a reader without write access, during a flood: each line whole, and the sum once it rests" {
	local i

	d53 attach eth0 --sources 1024
	chgrp -R 65534 "$state"
	chmod 750 "$state"
	chmod 640 "$state"/*
	flood src=10.0.0.0 sources=30000 payload=58
	for i in {1..5}; do
		same "" "$(as_nobody drop53 sources --json | jq -c '.sources[] |
			select(.bytes != 100 * .packets or .packets == 0 or .tcp_packets > 0)')"
	done
	stop flood
	same "$(d53 sources --json)" "$(as_nobody drop53 sources --json)"
	sum_rule
}

@test "a file that may not be read: exit 4 from check and replace" {
	echo 192.0.2.1 >"$room/list"
	chmod 600 "$room/list"
	fails 4 "$room/list" as_nobody drop53 allow check "$room/list"
}
