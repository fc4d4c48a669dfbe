#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The unit, what it allows the daemon, and what `make install` puts where.

# What the loaded files set:
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load run_common.sh
top=$BATS_TEST_DIRNAME/../..

teardown() {
	hosts_remove drop53-systemd
}

installed() {
	make -s -C "$top" install DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/usr
	root=$BATS_TEST_TMPDIR/root
}

@test "systemd: make install and uninstall" {
	installed
	[ -x "$root/usr/sbin/drop53" ]
	grep -q '^ExecStart=/usr/sbin/drop53 run' "$root/usr/lib/systemd/system/drop53.service"
	cmp "$top/deploy/drop53.conf" "$root/etc/drop53/drop53.conf"
	# A configuration that is there already is the administrator's.
	echo 'interfaces: [eth9]' >"$root/etc/drop53/drop53.conf"
	installed
	grep -q eth9 "$root/etc/drop53/drop53.conf"
	make -s -C "$top" uninstall DESTDIR="$root" PREFIX=/usr
	[ "$(find "$root" -type f)" = "$root/etc/drop53/drop53.conf" ]
}

@test "systemd: systemd-analyze verify" {
	command -v systemd-analyze >/dev/null || skip "systemd-analyze is missing"
	installed
	mkdir "$BATS_TEST_TMPDIR/unit"
	sed "s#/usr/sbin/drop53#$root/usr/sbin/drop53#" "$root/usr/lib/systemd/system/drop53.service" \
		>"$BATS_TEST_TMPDIR/unit/drop53.service"
	run systemd-analyze verify --man=no "$BATS_TEST_TMPDIR/unit/drop53.service"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "systemd: exposure is at most 2.5" {
	command -v systemd-analyze >/dev/null || skip "systemd-analyze is missing"
	systemd-analyze security --offline=true --threshold=25 "$top/deploy/drop53.service"
}

# set_of NAME: the system calls of one of systemd's sets, and of the sets in it.
set_of() {
	local call
	for call in $(systemd-analyze syscall-filter "$1" | grep -E '^ +[@a-z0-9]' | awk '{print $1}'); do
		case $call in @*) set_of "$call" ;; *) echo "$call" ;; esac
	done
}

# allowed: what the unit's SystemCallFilter lines leave, read in their order as systemd does.
allowed() {
	local line word calls=
	while read -r line; do
		for word in ${line#\~}; do
			case $word in @*) word=$(set_of "$word") ;; esac
			case $line in
			\~*) calls=$(grep -vxF "$word" <<<"$calls") ;;
			*) calls+=$'\n'$word ;;
			esac
		done
	done < <(sed -n 's/^SystemCallFilter=//p' "$top/deploy/drop53.service")
	sort -u <<<"$calls"
}

@test "systemd: the unit's system calls are enough, from start to stop" {
	command -v systemd-analyze >/dev/null || skip "systemd-analyze is missing"
	command -v strace >/dev/null || skip "strace is missing"
	hosts_make drop53-systemd
	configure 'interfaces: [eth0, late]' 'allow_file: allow' 'scope: local'
	echo 192.0.2.0/24 >"${conf%/*}/allow"
	ip netns exec "$server" strace -f -qq -o "$BATS_TEST_TMPDIR/trace" drop53 run -c "$conf" \
		--on-exit detach >"$log" 2>&1 3>&- &
	daemon=$!
	until_true is_up
	ip -n "$server" link add late type veth peer name late2
	until_true ask /readyz
	echo 198.51.100.0/24 >"${conf%/*}/allow"
	until_true shows drop53_allow_generation 3
	pkill -TERM -P "$daemon"
	wait "$daemon"
	sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' "$BATS_TEST_TMPDIR/trace" | sort -u >"$BATS_TEST_TMPDIR/used"
	grep -qx bpf "$BATS_TEST_TMPDIR/used"
	allowed >"$BATS_TEST_TMPDIR/allowed"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/allowed")" -gt 200 ]
	run comm -23 "$BATS_TEST_TMPDIR/used" "$BATS_TEST_TMPDIR/allowed"
	echo "not allowed: $output"
	[ -z "$output" ]
}

@test "systemd: the unit's capabilities are enough, also for what comes later" {
	hosts_make drop53-systemd
	configure 'interfaces: [eth0, late]' 'allow_file: allow' 'scope: local'
	echo 192.0.2.0/24 >"${conf%/*}/allow"
	ip netns exec "$server" setpriv --bounding-set=-all,+bpf,+net_admin,+perfmon --inh-caps=-all \
		--no-new-privs drop53 run -c "$conf" --on-exit detach >"$log" 2>&1 3>&- &
	daemon=$!
	until_true is_up
	ip -n "$server" link add late type veth peer name late2
	until_true ask /readyz
	echo 198.51.100.0/24 >"${conf%/*}/allow"
	until_true shows drop53_allow_generation 3
	send 2 4 192.0.2.53
	shows "$dropped" 2
	[ "$(awk '$1 == "CapEff:" {print $2}' "/proc/$daemon/status")" = 0000008000000000 ]
	stop_daemon
	[ ! -e "$bpf/drop53" ]
}
