# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# The life of a filter: real sockets behind it, between two hosts that connect_hosts joined.
# shellcheck disable=SC2154 # server_nic is from connect_hosts
dropped_exactly() {
	port53_arrives 0 &&
		equal "UDP drops" "$(counted '.verdict == "drop" and .protocol == "udp"')" 200 &&
		[ "$(counted '.verdict == "drop" and .protocol == "tcp"')" -ge 200 ]
}

would_drop() {
	server drop53 policy monitor && port53_arrives 100 &&
		equal "UDP would-drops" \
			"$(counted '.verdict == "would_drop" and .protocol == "udp"')" 200
}

detached() {
	server drop53 detach "$server_nic" && exits 3 server drop53 status &&
		mode_is off && port53_arrives 100
}

# filter_checks MODE: the whole life of a filter on the server's NIC.
filter_checks() {
	check unfiltered port53_arrives 100
	check attach server drop53 attach "$server_nic" --xdp-mode "$1"
	check mode mode_is "$1"
	check drops dropped_exactly
	check passes others_arrive
	check sums sums_hold
	check monitor would_drop
	check detach detached
}
