#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# drop53 run: starting, stopping, being killed, interfaces that come and go.

# What the loaded files set:
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load run_common.sh

setup() {
	hosts_make drop53-run
	configure 'interfaces: [eth0]'
}

teardown() {
	hosts_remove drop53-run
}

attached() {
	at_server drop53 status --json | jq -e --arg name "$1" \
		'[.interfaces[] | select(.name == $name)] | length == 1'
}

@test "run --check: without privileges, good and bad" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "${conf%/*}" 2>/dev/null || true
	cp "$(command -v drop53)" "$BATS_TEST_TMPDIR/drop53"
	cp "$conf" "$BATS_TEST_TMPDIR/plain.conf"
	run env -u DROP53_BPFFS setpriv --reuid 65534 --clear-groups "$BATS_TEST_TMPDIR/drop53" \
		run --check -c "$BATS_TEST_TMPDIR/plain.conf"
	[ "$status" -eq 0 ]
	[[ $output == *"good; 1 interface, policy enforce"* ]]
	configure 'interfaces: [eth0]' 'policy: perhaps'
	run drop53 run --check -c "$conf"
	[ "$status" -eq 1 ]
	[[ $output == *"$conf:2:9: policy: "* ]]
	configure 'interfaces: [eth0]' 'allow_file: allow'
	printf '192.0.2.0/24\n192.0.2.1/24\n' >"${conf%/*}/allow"
	run drop53 run --check -c "$conf"
	[ "$status" -eq 1 ]
	[[ $output == *"/etc/allow:2:"* ]]
}

@test "run --check: the example in deploy/" {
	run drop53 run --check -c "$BATS_TEST_DIRNAME/../../deploy/drop53.conf"
	[ "$status" -eq 0 ]
}

@test "run: misuse" {
	run drop53 run
	[ "$status" -eq 2 ]
	run drop53 run -c
	[ "$status" -eq 2 ]
	run drop53 run -c "$conf" more
	[ "$status" -eq 2 ]
	run drop53 run -c "$conf" --on-exit explode
	[ "$status" -eq 2 ]
	run drop53 run -c /nonexistent
	[ "$status" -eq 1 ]
}

@test "run: attaches, counts, and leaves the filter where it is" {
	run_daemon
	send 5 4 192.0.2.53
	shows "$dropped" 5
	shows 'drop53_interface_attached{interface="eth0",xdp_mode="native"}' 1
	[ "$(ask /readyz)" = ready ]
	stop_daemon
	attached eth0
	send 2 4 192.0.2.53
	run_daemon
	shows "$dropped" 7
	[ "$(grep -c 'attached' "$log")" -eq 0 ]
}

@test "run --on-exit detach: the filter goes too" {
	run_daemon --on-exit detach
	stop_daemon INT
	run at_server drop53 status
	[ "$status" -eq 3 ]
	[ ! -e "$bpf/drop53" ]
}

@test "run: killed, it still filters, and the next one goes on counting" {
	run_daemon
	send 3 4 192.0.2.53
	stop_daemon KILL
	send 4 4 192.0.2.53
	run_daemon
	shows "$dropped" 7
	stop_daemon KILL
	# Who owned the list is dead: it is anybody's.
	at_server drop53 allow add 198.51.100.0/24
}

# What a kill left is a whole filter that drops, or none; the next start takes it on.
whole_or_none() {
	local before=0
	if at_server drop53 status >/dev/null 2>&1; then
		send 2 4 192.0.2.53
		before=$(at_server drop53 counters --json | jq '[.counters[] | select(.verdict == "drop").packets] | add')
		[ "$before" -ge 2 ]
	fi
	run_daemon
	[ "$(metric "$dropped")" -eq "$before" ]
}

@test "run: killed at any step of its start" {
	local step call
	for call in bpf flock rename chmod; do
		for ((step = 1; step < 200; step += $([ $call = bpf ] && echo 13 || echo 1))); do
			ip netns exec "$server" strace -qq -o /dev/null -e "trace=$call" \
				-e "inject=$call:signal=KILL:when=$step" \
				drop53 run -c "$conf" >>"$log" 2>&1 3>&- &
			daemon=$!
			gone_or_up() { ! kill -0 "$daemon" || ask /healthz; }
			until_true gone_or_up
			! kill -0 "$daemon" 2>/dev/null || break
			whole_or_none
			stop_daemon
			at_server drop53 detach --all
		done
		[ "$step" -gt 1 ] && [ "$step" -lt 200 ]
		pkill -KILL -P "$daemon"
		wait "$daemon" || true
		at_server drop53 detach --all || true
	done
}

@test "run: killed at any step of a reload: the old list or the new one, and it drops" {
	configure 'interfaces: [eth0]' 'allow_file: allow'
	local step tracer generation=1
	for ((step = 1; step < 60; step += 2)); do
		echo "198.51.100.$step" >"${conf%/*}/allow"
		run_daemon
		generation=$(metric drop53_allow_generation)
		strace -qq -p "$daemon" -o /dev/null -e trace=bpf -e "inject=bpf:signal=KILL:when=$step" 3>&- &
		tracer=$!
		until_true grep -q "TracerPid:.*[1-9]" "/proc/$daemon/status"
		printf '198.51.100.%d\n203.0.113.%d\n' "$step" "$step" >"${conf%/*}/allow"
		over() { ! kill -0 "$daemon" || shows drop53_allow_generation $((generation + 1)); }
		until_true over
		kill -0 "$daemon" 2>/dev/null && kill "$tracer" && break
		wait "$daemon" "$tracer" || true
		[ "$(at_server drop53 allow list | wc -l)" -le 2 ]
		at_server drop53 allow list | grep -qx "198.51.100.$step"
		whole_or_none
		stop_daemon KILL
	done
	[ "$step" -gt 1 ]
}

@test "run: one daemon at a time" {
	run_daemon
	printf '%s\n' 'interfaces: [eth0]' 'listen: off' >"$BATS_TEST_TMPDIR/other.conf"
	run at_server drop53 run -c "$BATS_TEST_TMPDIR/other.conf"
	[ "$status" -eq 1 ]
	[[ $output == *"another drop53 run"* ]]
	[ "$(ask /readyz)" = ready ]
}

@test "run: a port that is taken, and nothing is attached" {
	at_server python3 -m http.server -b 127.0.0.1 20053 3>&- >/dev/null 2>&1 &
	until_true at_server curl -s "$url/"
	run at_server drop53 run -c "$conf"
	[ "$status" -eq 1 ]
	[[ $output == *"127.0.0.1:20053: Address already in use"* ]]
	[ ! -e "$bpf/drop53" ]
}

@test "run: a hook held by someone else is an error, and nothing is left" {
	command -v clang >/dev/null || skip "clang is missing"
	echo 'int pass(void *ctx) { return 2; }' | clang -O2 -target bpf -c -x c - -o "$BATS_TEST_TMPDIR/pass.o"
	ip -n "$server" link set eth0 xdpdrv obj "$BATS_TEST_TMPDIR/pass.o" sec .text
	run at_server drop53 run -c "$conf"
	[ "$status" -eq 6 ]
	[ ! -e "$bpf/drop53" ]
}

@test "run: interfaces that appear, go and come back are followed" {
	configure 'interfaces: [eth0, late, "dyn*"]'
	run_daemon
	run ask /readyz
	[ "$status" -ne 0 ]
	shows 'drop53_interface_attached{interface="late",xdp_mode="none"}' 0
	ip -n "$server" link add late type veth peer name dyn1
	ip -n "$server" link add other type veth peer name dyn2
	until_true ask /readyz
	attached late
	attached dyn1
	attached dyn2
	run ! attached other
	ip -n "$server" link del late
	until_true shows 'drop53_interface_attached{interface="late",xdp_mode="none"}' 0
	ip -n "$server" link add late type veth peer name dyn1
	until_true ask /readyz
	attached late
}

@test "run: what a pattern matches and cannot be filtered shows" {
	command -v clang >/dev/null || skip "clang is missing"
	configure 'interfaces: [eth0, "dyn*"]'
	run_daemon
	ip -n "$server" link add dyn0 type veth peer name other
	until_true shows 'drop53_interface_attached{interface="dyn0",xdp_mode="native"}' 1
	at_server drop53 detach dyn0
	echo 'int pass(void *ctx) { return 2; }' | clang -O2 -target bpf -c -x c - -o "$BATS_TEST_TMPDIR/pass.o"
	ip -n "$server" link set dyn0 xdpdrv obj "$BATS_TEST_TMPDIR/pass.o" sec .text
	until_true shows 'drop53_interface_attached{interface="dyn0",xdp_mode="none"}' 0
	run ask /readyz
	[ "$status" -ne 0 ]
	until_true says 'dyn0'
}

@test "run: what is attached and not configured is let go at the start" {
	ip -n "$server" link add extra type veth peer name extra2
	at_server drop53 attach eth0 extra
	run_daemon
	attached eth0
	run ! attached extra
}

@test "run: scope local follows this host's addresses" {
	configure 'interfaces: [eth0]' 'scope: local'
	run_daemon
	ip -n "$client" route add 203.0.113.53 via 192.0.2.53
	not_local='drop53_packets_total{interface="eth0",family="ipv4",protocol="udp",verdict="pass",reason="not_local"}'
	send 2 4 203.0.113.53
	shows "$not_local" 2
	ip -n "$server" addr add 203.0.113.53/32 dev lo
	follows() {
		send 1 4 203.0.113.53
		[ "$(metric "$dropped")" -ge 1 ]
	}
	until_true follows
	ip -n "$server" addr del 203.0.113.53/32 dev lo
	before=$(metric "$not_local")
	passes() {
		send 1 4 203.0.113.53
		[ "$(metric "$not_local")" -gt "$before" ]
	}
	until_true passes
}

@test "run: refuses to enforce where DNS is served and nobody is allowed, unless --force" {
	at_server python3 -c 'import signal, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.0.2.53", 53))
signal.pause()' 3>&- &
	until_true at_server sh -c 'ss -lun | grep -q 192.0.2.53:53'
	run at_server drop53 run -c "$conf"
	[ "$status" -eq 1 ]
	[[ $output == *"not enforced"*"192.0.2.53"* ]]
	[ ! -e "$bpf/drop53" ]
	run_daemon --force
	shows drop53_enforcing 1
}

@test "run: policy changed by hand shows, and is not readiness" {
	run_daemon
	at_server drop53 policy monitor
	shows drop53_enforcing 0
	run at_server curl -s "$url/readyz"
	[[ $output == *"policy monitor, configured is enforce"* ]]
}

@test "run: a filter that is taken away shows, and the daemon lives" {
	run_daemon
	at_server drop53 detach --all
	shows drop53_enforcing 0
	shows 'drop53_interface_attached{interface="eth0",xdp_mode="none"}' 0
	run ask /readyz
	[ "$status" -ne 0 ]
}

@test "run: keeps CAP_BPF and no other capability" {
	run_daemon
	[ "$(awk '$1 == "CapEff:" {print $2}' "/proc/$daemon/status")" = 0000008000000000 ]
	[ "$(awk '$1 == "CapPrm:" {print $2}' "/proc/$daemon/status")" = 0000008000000000 ]
	[ "$(awk '$1 == "CapBnd:" {print $2}' "/proc/$daemon/status")" = 0000008000000000 ]
	[ "$(awk '$1 == "NoNewPrivs:" {print $2}' "/proc/$daemon/status")" = 1 ]
}

@test "run: tells the service manager that it is ready, reloads and stops" {
	socket=$BATS_TEST_TMPDIR/notify
	python3 -u -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True: print(s.recv(4096).decode())' "$socket" >"$BATS_TEST_TMPDIR/told" 3>&- &
	listener=$!
	until_true test -S "$socket"
	export NOTIFY_SOCKET=$socket
	WATCHDOG_USEC=1000000 run_daemon
	kill -HUP "$daemon"
	until_true grep -aq RELOADING=1 "$BATS_TEST_TMPDIR/told"
	until_true grep -aq WATCHDOG=1 "$BATS_TEST_TMPDIR/told"
	stop_daemon
	until_true grep -aq STOPPING=1 "$BATS_TEST_TMPDIR/told"
	kill "$listener"
	# In this order, and nothing twice in a row.
	told=$(grep -avE '^(WATCHDOG|MONOTONIC_USEC)=' "$BATS_TEST_TMPDIR/told")
	status='STATUS=policy enforce; every interface is attached'
	[ "$told" = "$status"$'\n'READY=1$'\n'RELOADING=1$'\n'READY=1$'\n'"$status"$'\n'STOPPING=1 ] ||
		{ echo "$told"; false; }
	grep -aqx 'MONOTONIC_USEC=[1-9][0-9]*' "$BATS_TEST_TMPDIR/told"
}
