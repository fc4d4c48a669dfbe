#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Commands that are killed, that meet each other, and that run under the sanitizers.

load lib

# Every how many steps attach and detach are killed.
stride=8
[ -z "${DROP53_NIGHTLY:-}" ] || stride=1

setup() {
	sandbox_up 2
}

teardown() {
	sandbox_down
}

# killed_at STEP SYSCALL COMMAND...: killed as it is about to make its STEPth such call; true once
# there are no such calls left.
killed_at() {
	on_host strace -qq -o /dev/null -e "trace=$2" -e "inject=$2:signal=KILL:when=$1" \
		drop53 "${@:3}" >/dev/null 2>&1
}

nothing_half_built() {
	same "" "$(find "$DROP53_BPFFS" -name 'drop53-*')"
}

@test "attach killed at every step: the next attach works, and drops" {
	local call step

	for call in bpf chmod rename mkdir; do
		for ((step = 1; step < 200; step += $([ $call = bpf ] && echo $stride || echo 1))); do
			killed_at $step $call attach eth0 eth1 && break
			eventually d53 attach eth0 eth1
			d53 status >/dev/null
			nothing_half_built
			send on=eth1 >/dev/null
			same 1 "$(json counters '[.counters[] | select(.interface == "eth1" and
				.verdict == "drop").packets] | add')"
			d53 detach --all 2>/dev/null
			no_xdp eth0 eth1
		done
		[ $step -gt 1 ] && [ $step -lt 200 ]
		d53 detach --all 2>/dev/null
	done
}

@test "detach killed at every step: the next detach leaves nothing" {
	local call step

	for call in bpf unlink unlinkat rmdir; do
		for ((step = 1; step < 200; step += $([ $call = bpf ] && echo 3 || echo 1))); do
			d53 attach eth0 eth1 2>/dev/null
			killed_at $step $call detach --all && break
			d53 detach --all 2>/dev/null || fails 1 "not attached" d53 detach --all
			eventually no_xdp eth0 eth1
			same "" "$(find "$DROP53_BPFFS" -name 'drop53*')"
		done
		[ $step -gt 1 ] && [ $step -lt 200 ]
	done
}

@test "an attach of a second interface, killed: the first is filtered throughout" {
	local step

	d53 attach eth0
	flood
	for ((step = 1; step < 200; step += stride)); do
		killed_at $step bpf attach eth1 && break
		eventually d53 attach eth1
		d53 detach eth1 2>/dev/null
	done
	stop flood
	same "$(cat "$room/flood.out")" "$(dropped)"
	same 0 "$(json counters '[.counters[] | select(.verdict != "drop").packets] | add')"
	sum_rule
}

# Exit codes that a command may end with while others come in between: not attached (1, 3), and
# nothing else.
again_and_again() {
	local i code

	for ((i = 0; i < 12; i++)); do
		code=0
		on_host drop53 "$@" >>"$room/noise" 2>&1 || code=$?
		case $code in 0 | 1 | 3) ;; *) echo "drop53 $*: $code" >>"$room/bad" ;; esac
	done
}

@test "many commands at once: none corrupts what another does" {
	local pids=() command

	for command in "attach eth0" "attach eth1" "attach eth0 eth1" "detach eth0" "detach --all" \
		"allow add 192.0.2.1" "allow del 192.0.2.1" "policy monitor" "policy enforce" reset \
		"status --json" "sources --json" "counters"; do
		# shellcheck disable=SC2086
		again_and_again $command 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ ! -e "$room/bad" ] || { sort "$room/bad" | uniq -c >&2; false; }
	run grep -viE '^\{|attached|detached|added|deleted|policy|counters are zero|nothing counted|^(INTERFACE|eth|unknown)|INTERFACE|no such file' \
		"$room/noise"
	same "" "$output"
	nothing_half_built
	d53 attach eth0 eth1
	d53 status >/dev/null
	send count=5 >/dev/null
	sum_rule
	d53 detach --all
	same "" "$(find "$DROP53_BPFFS" -name 'drop53*')"
	no_xdp eth0 eth1
}

@test "a change waits for the one at work, and takes the lock before it looks" {
	start holder flock "$DROP53_BPFFS" sleep 1
	eventually bash -c '! flock -n "$DROP53_BPFFS" true'
	d53 attach eth0
	run ! kill -0 "$(cat "$room/holder.pid")"
	rm "$room/holder.pid"
	start holder flock "$DROP53_BPFFS" sleep 1
	eventually bash -c '! flock -n "$DROP53_BPFFS" true'
	# Readers do not wait.
	timeout 0.9 nsenter --net="/run/netns/$sandbox-host" drop53 status >/dev/null
	d53 allow add 192.0.2.1
	run ! kill -0 "$(cat "$room/holder.pid")"
}

@test "what another left behind half built is cleared away" {
	mkdir "$DROP53_BPFFS/drop53-new-1"
	d53 attach eth0
	nothing_half_built
}

@test "a state that is not whole is told, and detach --all clears it away" {
	d53 attach eth0
	rm "$state/cpus"
	fails 1 "" d53 status
	d53 detach --all
	same "" "$(find "$DROP53_BPFFS" -name 'drop53*')"
	no_xdp eth0
}

@test "every command under the address and undefined-behaviour sanitizers" {
	local command sanitized=build/asan/drop53

	cd "$BATS_TEST_DIRNAME/../.."
	nice make -s B=build/asan SANITIZE=address,undefined $sanitized >"$room/make" 2>&1 3>&- ||
		{ tail -5 "$room/make" >&2; false; }
	printf '192.0.2.0/24\n!192.0.2.7\n2001:db8::/32\n' >"$room/list"
	printf '192.0.2.1/24\n' >"$room/wrong"
	{
		printf '\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\0\4\0\1\0\0\0'
		for length in 5 60 3000 80000; do
			# shellcheck disable=SC2059
			printf "\0\0\0\0\0\0\0\0$(printf '\\x%02x\\x%02x\\x%02x\\x00' \
				$((length & 255)) $((length >> 8 & 255)) $((length >> 16)))"
			# shellcheck disable=SC2059
			printf "$(printf '\\x%02x\\x%02x\\x%02x\\x00' \
				$((length & 255)) $((length >> 8 & 255)) $((length >> 16)))"
			head -c $length /dev/urandom
		done
	} >"$room/file"
	while read -r command; do
		[[ $command != send* ]] || { eval "$command" >/dev/null; continue; }
		run on_host env UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
			ASAN_OPTIONS=exitcode=99 "$sanitized" ${command//ROOM/$room}
		[[ $status -lt 7 && $output != *Sanitizer* && $output != *"runtime error"* ]] ||
			{ printf 'drop53 %s: %d\n%.3000s\n' "$command" "$status" "$output" >&2; false; }
	done <<-'END'
		help
		version
		nonsense
		status --json
		attach nope
		attach eth0 nope --allow-file ROOM/list
		attach eth0 --allow-file ROOM/wrong
		attach eth0 --policy monitor --scope local --source-len 24,64 --sources 5000
		attach eth0 eth1 --allow-file ROOM/list
		send count=3000 sources=3000 src=10.0.0.0
		send count=20 sources=20 src=2001:db8:9::1 dst=2001:db8::53 proto=tcp
		status
		status --json
		counters
		counters --json
		sources
		sources --json --sort last-seen
		sources --csv --sort bytes --limit 5
		sources --aggregate 16,48
		allow add 198.51.100.1 203.0.113.0/24
		allow add 198.51.100.1/1
		allow del 198.51.100.1
		allow list
		allow list --json
		allow check ROOM/list
		allow check ROOM/wrong
		allow replace ROOM/wrong
		allow replace ROOM/list
		explain --src 192.0.2.7
		explain --src 2001:db8::7 --dst 2001:db8::53 --proto tcp --json
		explain --pcap ROOM/file
		explain --pcap ROOM/file --json
		explain --pcap ROOM/list
		policy enforce --confirm 60
		confirm
		policy monitor
		reset --sources
		reset
		detach eth1
		detach eth1
		detach --all --keep-state
		detach --all
	END
}
