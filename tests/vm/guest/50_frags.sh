# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# Jumbo frames lie in several buffers: native XDP sees them with xdp.frags (5.18), generic always.
. guest/lib.sh

size=8000

large_arrive() { # EXPECTED
	arrive "$1" 4 udp 53 100 -s $size && arrive "$1" 6 udp 53 100 -s $size &&
		arrive 100 4 udp 5353 100 -s $size
}

# 42 and 62 bytes of headers.
bytes_counted() {
	equal "bytes" "$(server drop53 counters --json |
		jq '[.counters[] | select(.verdict == "drop") | .bytes] | add')" \
		$((100 * (size + 42) + 100 * (size + 62)))
}

# What `status` says of the frames that the program takes: jumbo|usual.
status_says() {
	server drop53 status | grep -qE "^vserver .* attached +$1 " &&
		equal "multi_buffer" "$(server drop53 status --json |
			jq '.interfaces[0].multi_buffer')" "$([ "$1" = jumbo ] && echo true || echo false)"
}

native_refused() {
	exits 5 server drop53 attach vserver --xdp-mode native && mode_is off
}

auto_is_generic() {
	server drop53 attach vserver && mode_is generic && large_arrive 0
}

veth_hosts 9000
check unfiltered large_arrive 100
if at_least 5.18; then
	check attach server drop53 attach vserver --xdp-mode native
	check mode mode_is native
	check status status_says jumbo
	check drops large_arrive 0
	check bytes bytes_counted
else
	check native_refused native_refused
	check auto_is_generic auto_is_generic
	check status status_says usual
	check bytes bytes_counted
	skip drops "no xdp.frags before 5.18: generic mode filters them"
fi
check sums sums_hold
no_hosts
