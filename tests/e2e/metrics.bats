#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# drop53 metrics: what a scraper or node_exporter's textfile collector gets.

# What the loaded files set:
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load metrics_common.sh

setup() {
	hosts_make drop53-metrics
}

teardown() {
	! mountpoint -q "$BATS_TEST_TMPDIR/full" || umount "$BATS_TEST_TMPDIR/full"
	hosts_remove drop53-metrics
}

attach() {
	at_server drop53 attach eth0 "$@"
}

@test "metrics: promtool finds nothing to complain of" {
	command -v promtool >/dev/null || skip "promtool (package prometheus) is missing"
	attach
	send 3 4 192.0.2.53
	at_server drop53 metrics | promtool check metrics
}

@test "metrics: every combination is there from the start, at 0, and once" {
	attach
	run --separate-stderr at_server drop53 metrics
	[ "$status" -eq 0 ]
	[ "$(grep -c '^drop53_packets_total{.* 0$' <<<"$output")" -eq 35 ]
	[ "$(grep -c '^drop53_bytes_total{.* 0$' <<<"$output")" -eq 35 ]
	[ -z "$(grep -v '^#' <<<"$output" | sed 's/ [^ ]*$//' | sort | uniq -d)" ]
}

@test "metrics: counts equal what was sent" {
	attach
	send 5 4 192.0.2.53
	send 7 6 2001:db8::53
	run --separate-stderr at_server drop53 metrics
	local labels='protocol="udp",verdict="drop",reason="port53"'
	[ "$(value "drop53_packets_total{interface=\"eth0\",family=\"ipv4\",$labels}")" -eq 5 ]
	[ "$(value "drop53_packets_total{interface=\"eth0\",family=\"ipv6\",$labels}")" -eq 7 ]
	[ "$(value "drop53_bytes_total{interface=\"eth0\",family=\"ipv4\",$labels}")" -eq $((5 * 62)) ]
	[ "$(value drop53_sources_tracked)" -eq 2 ]
	[ "$(value drop53_sources_untracked_packets_total)" -eq 0 ]
	[ "$(value drop53_enforcing)" -eq 1 ]
}

@test "metrics: policy, allow-list and detachment show" {
	attach --policy monitor
	at_server drop53 allow add 192.0.2.0/24 2001:db8::/32 '!2001:db8::7'
	run --separate-stderr at_server drop53 metrics
	[ "$(value drop53_enforcing)" -eq 0 ]
	[ "$(value 'drop53_allow_prefixes{family="ipv4"}')" -eq 1 ]
	[ "$(value 'drop53_allow_prefixes{family="ipv6"}')" -eq 2 ]
	[ "$(value drop53_allow_generation)" -eq 2 ]
	[ "$(value 'drop53_interface_attached{interface="eth0",xdp_mode="native"}')" -eq 1 ]
	ip -n "$server" link del eth0
	run --separate-stderr at_server drop53 metrics
	[ "$(value 'drop53_interface_attached{interface="eth0",xdp_mode="none"}')" -eq 0 ]
}

@test "metrics: an interface that comes back goes on counting under its name" {
	attach
	send 4 4 192.0.2.53
	ip -n "$server" link del eth0
	ip -n "$server" link add eth0 type veth peer name eth0 netns "$client"
	ip -n "$server" addr add 192.0.2.53/24 dev eth0
	ip -n "$client" addr add 192.0.2.1/24 dev eth0
	ip -n "$server" link set eth0 up
	ip -n "$client" link set eth0 up
	attach
	send 2 4 192.0.2.53
	run --separate-stderr at_server drop53 metrics
	[ "$(value 'drop53_packets_total{interface="eth0",family="ipv4",protocol="udp",verdict="drop",reason="port53"}')" -eq 6 ]
	[ -z "$(grep -v '^#' <<<"$output" | sed 's/ [^ ]*$//' | sort | uniq -d)" ]
}

@test "metrics: names that would break the format are escaped" {
	command -v promtool >/dev/null || skip "promtool (package prometheus) is missing"
	attach
	ip -n "$server" link set eth0 down
	ip -n "$server" link set eth0 name "$(printf 'a"b\\c\xff')"
	at_server drop53 metrics >"$BATS_TEST_TMPDIR/metrics"
	grep -qF 'interface="a\"b\\c\\xff"' "$BATS_TEST_TMPDIR/metrics"
	promtool check metrics <"$BATS_TEST_TMPDIR/metrics"
}

@test "metrics: a host without a filter says that it does not enforce" {
	run --separate-stderr at_server drop53 metrics
	[ "$status" -eq 0 ]
	[ "$(value drop53_enforcing)" -eq 0 ]
	[[ $stderr == *"not attached"* ]]
}

@test "metrics: a textfile is written whole, readable by others, and leaves nothing beside it" {
	attach
	umask 077
	at_server drop53 metrics --textfile "$BATS_TEST_TMPDIR/drop53.prom"
	grep -q '^drop53_enforcing 1$' "$BATS_TEST_TMPDIR/drop53.prom"
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/drop53.prom")" = 644 ]
	[ "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -name 'drop53.prom*' | wc -l)" -eq 1 ]
}

@test "metrics: a full disk leaves the textfile as it was and nothing beside it" {
	attach
	mkdir "$BATS_TEST_TMPDIR/full"
	mount -t tmpfs -o size=8k tmpfs "$BATS_TEST_TMPDIR/full"
	echo before >"$BATS_TEST_TMPDIR/full/drop53.prom"
	run at_server drop53 metrics --textfile "$BATS_TEST_TMPDIR/full/drop53.prom"
	[ "$status" -eq 1 ]
	[[ $output == *"No space left on device"* ]]
	[ "$(cat "$BATS_TEST_TMPDIR/full/drop53.prom")" = before ]
	[ "$(ls "$BATS_TEST_TMPDIR/full")" = drop53.prom ]
}

@test "metrics: a full disk behind stdout is an error too" {
	attach
	run at_server sh -c 'drop53 metrics >/dev/full'
	[ "$status" -eq 1 ]
}

@test "metrics: misuse" {
	run at_server drop53 metrics now
	[ "$status" -eq 2 ]
	run at_server drop53 metrics --textfile
	[ "$status" -eq 2 ]
	run at_server drop53 metrics --textfile /nonexistent/drop53.prom
	[ "$status" -eq 1 ]
	[[ $output == *"/nonexistent/drop53.prom"* ]]
}
