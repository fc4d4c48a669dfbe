#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# drop53 run: changes of the configuration and of the allow-list, all or nothing.

# What the loaded files set:
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load run_common.sh

setup() {
	hosts_make drop53-reload
	configure 'interfaces: [eth0]' 'allow_file: allow'
	allow 198.51.100.0/24
}

teardown() {
	hosts_remove drop53-reload
}

# allow LINE...: the list, by rename.
allow() {
	printf '%s\n' "$@" >"${conf%/*}/allow.new"
	mv "${conf%/*}/allow.new" "${conf%/*}/allow"
}

generation_is() {
	shows drop53_allow_generation "$1"
}

reload_failed() {
	shows drop53_config_last_reload_successful 0
}

reload_worked() {
	shows drop53_config_last_reload_successful 1
}

@test "reload: a new list is seen by itself, once" {
	run_daemon
	generation_is 2
	allow 198.51.100.0/24 192.0.2.1
	until_true generation_is 3
	shows 'drop53_allow_prefixes{family="ipv4"}' 2
	# The same again is no other list.
	allow 198.51.100.0/24 192.0.2.1
	kill -HUP "$daemon"
	until_true says 'reloaded'
	generation_is 3
}

@test "reload: a restart over the same list makes no new generation" {
	run_daemon
	stop_daemon KILL
	run_daemon
	generation_is 2
}

@test "reload: written in place, too" {
	run_daemon
	echo 192.0.2.0/24 >"${conf%/*}/allow"
	until_true generation_is 3
}

@test "reload: a ConfigMap's swap of ..data" {
	etc=$BATS_TEST_TMPDIR/map
	mkdir -p "$etc/..1"
	printf '%s\n' 'interfaces: [eth0]' 'allow_file: allow' >"$etc/..1/drop53.conf"
	echo 192.0.2.0/24 >"$etc/..1/allow"
	ln -s ..1 "$etc/..data"
	ln -s ..data/drop53.conf "$etc/drop53.conf"
	ln -s ..data/allow "$etc/allow"
	conf=$etc/drop53.conf
	run_daemon
	# Seen by the watch: who only looks now and then, each half minute, would need minutes.
	local i since=$SECONDS
	for i in 2 3 4 5 6 7 8; do
		mkdir "$etc/..$i"
		cp "$etc/..1/drop53.conf" "$etc/..$i/"
		printf '192.0.2.0/24\n198.51.100.%d\n' $i >"$etc/..$i/allow"
		ln -s ..$i "$etc/..data_tmp"
		mv -T "$etc/..data_tmp" "$etc/..data"
		rm -r "$etc/..$((i - 1))"
		mkdir "$etc/..1" 2>/dev/null && cp "$etc/..$i/drop53.conf" "$etc/..1/"
		until_true generation_is $((i + 1))
	done
	[ $((SECONDS - since)) -lt 150 ]
}

@test "reload: what no watch sees, behind a link to elsewhere, is seen in the end" {
	mkdir "$BATS_TEST_TMPDIR/elsewhere"
	echo 192.0.2.0/24 >"$BATS_TEST_TMPDIR/elsewhere/list"
	ln -sf "$BATS_TEST_TMPDIR/elsewhere/list" "${conf%/*}/allow"
	run_daemon
	generation_is 2
	echo 198.51.100.0/24 >"$BATS_TEST_TMPDIR/elsewhere/list"
	until_true generation_is 3
}

@test "reload: a directory, a FIFO or a device instead of a file, or none, keeps what was" {
	run_daemon
	local file what
	for file in "$conf" "${conf%/*}/allow"; do
		for what in mkdir mkfifo 'ln -s /dev/zero' true; do
			mv "$file" "$file.good"
			$what "$file"
			until_true reload_failed
			generation_is 2
			shows drop53_enforcing 1
			rm -rf "$file"
			mv "$file.good" "$file"
			until_true reload_worked
		done
	done
	says "$conf: not a regular file"
	says "${conf%/*}/allow: cannot read the allow-list: it is a directory"
	generation_is 2
}

@test "reload: a storm of hang-ups is survived, and what came with it holds" {
	run_daemon
	local i
	for ((i = 0; i < 500; i++)); do
		kill -HUP "$daemon"
		[ $((i % 100)) -ne 50 ] || allow 198.51.100.0/24 192.0.2.$((i / 5))
	done
	until_true last_list_holds
	[ "$(ask /readyz)" = ready ]
}

# The last list that the storm left.
last_list_holds() {
	at_server drop53 allow list | grep -qx 192.0.2.90
}

@test "reload: a bad list keeps what was, is logged once with its place, and shows" {
	run_daemon
	allow 192.0.2.0/24 300.1.1.1
	until_true reload_failed
	generation_is 2
	says "${conf%/*}/allow:2:1: "
	# Read again, it is not said again; what is said next comes after it.
	touch "${conf%/*}/allow"
	allow 192.0.2.0/24 192.0.2.1 300.1.1.1
	until_true says "${conf%/*}/allow:3:1: "
	[ "$(grep -c 'allow:2:1: ' "$log")" -eq 1 ]
	at_server drop53 allow list | grep -qx 198.51.100.0/24
	allow 192.0.2.0/24
	until_true reload_worked
	generation_is 3
}

@test "reload: a list that vanishes keeps what was" {
	run_daemon
	rm "${conf%/*}/allow"
	until_true reload_failed
	generation_is 2
	allow 192.0.2.0/24
	until_true reload_worked
}

@test "reload: a bad configuration changes nothing of a good list" {
	run_daemon
	allow 192.0.2.0/24
	configure 'interfaces: [eth0]' 'allow_file: allow' 'policy: monitor' 'sorces: 1'
	until_true reload_failed
	says "$conf:4:1: \"sorces\": no such key"
	shows drop53_enforcing 1
}

@test "reload: policy, interfaces and the place to listen change together" {
	ip -n "$server" link add eth1 type veth peer name eth2
	run_daemon
	configure 'interfaces: [eth1]' 'policy: monitor' 'listen: 127.0.0.1:20054'
	# shellcheck disable=SC2034
	url=http://127.0.0.1:20054
	until_true ask /readyz
	shows drop53_enforcing 0
	shows 'drop53_interface_attached{interface="eth1",xdp_mode="native"}' 1
	run ! metric 'drop53_interface_attached{interface="eth0",xdp_mode="native"}'
	run ! at_server curl -s http://127.0.0.1:20053/
	# The list is the command line's again.
	at_server drop53 allow add 203.0.113.0/24
}

@test "reload: from one address to another with the same port" {
	run_daemon
	local address
	for address in 0.0.0.0 192.0.2.53 127.0.0.1; do
		configure 'interfaces: [eth0]' "listen: $address:20053"
		listens() { [[ $(at_server ss -Hltn 'sport = 20053' | awk '{print $4}') == "$address:20053" ]]; }
		until_true listens
	done
	reload_worked
}

@test "reload: a filter made by hand in between is taken over, list and all" {
	run_daemon
	at_server drop53 detach --all
	at_server drop53 attach eth0 --policy monitor
	taken_over() { at_server drop53 allow list | grep -qx 198.51.100.0/24; }
	until_true taken_over
	until_true shows drop53_enforcing 1
	run at_server drop53 allow add 203.0.113.0/24
	[ "$status" -eq 4 ]
	[ "$(ask /readyz)" = ready ]
}

@test "reload: a port that is taken, or what is fixed at load, is refused as a whole" {
	run_daemon
	at_server python3 -m http.server -b 127.0.0.1 20055 3>&- >/dev/null 2>&1 &
	until_true at_server curl -s http://127.0.0.1:20055/
	configure 'interfaces: [eth0]' 'policy: monitor' 'listen: 127.0.0.1:20055'
	until_true reload_failed
	shows drop53_enforcing 1
	configure 'interfaces: [eth0]' 'policy: monitor' 'sources: 5000'
	until_true says 'fixed when the filter is loaded'
	shows drop53_enforcing 1
	[ "$(ask /readyz)" = ready ]
}

@test "reload: an interface that cannot be attached keeps all as it was" {
	command -v clang >/dev/null || skip "clang is missing"
	ip -n "$server" link add eth1 type veth peer name eth2
	echo 'int pass(void *ctx) { return 2; }' | clang -O2 -target bpf -c -x c - -o "$BATS_TEST_TMPDIR/pass.o"
	ip -n "$server" link set eth1 xdpdrv obj "$BATS_TEST_TMPDIR/pass.o" sec .text
	run_daemon
	allow 192.0.2.0/24
	until_true generation_is 3
	configure 'interfaces: [eth0, eth1]' 'policy: monitor'
	until_true reload_failed
	shows drop53_enforcing 1
	shows 'drop53_interface_attached{interface="eth0",xdp_mode="native"}' 1
	says 'held by another XDP program'
}

@test "reload: while the list is the file's, the command line is refused, and told why" {
	run_daemon
	run at_server drop53 allow add 203.0.113.0/24
	[ "$status" -eq 4 ]
	[[ $output == *"${conf%/*}/allow"* ]]
	stop_daemon
	at_server drop53 allow add 203.0.113.0/24
}
