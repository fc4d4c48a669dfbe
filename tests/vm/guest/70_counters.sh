# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# The accounts hold when there are more sources than slots: what has none is `untracked`.
. guest/lib.sh

flood=20000 sources=10000

crowd() {
	arrive 0 4 udp 53 $flood -f 10.54.0.1 -n $sources &&
		arrive 0 6 udp 53 $flood -f fd54::1 -n $sources
}

more_than_fit() {
	server drop53 sources --json >/tmp/sources.json || return 1
	jq -e '.tracked == (.sources | length) and .tracked <= .capacity and
		.untracked.packets > 0' /tmp/sources.json >/dev/null && return
	jq -c 'del(.sources)' /tmp/sources.json
	return 1
}

# One source keeps its exact number among the crowd's.
one_source() {
	arrive 0 4 udp 53 1000 && equal "its packets" "$(server drop53 sources --json |
		jq '.sources[] | select(.source == "10.53.0.1") | .packets')" 1000
}

after_reset() {
	server drop53 reset --all && sums_hold &&
		equal "counted" "$(counted 'true')" 0 && crowd && sums_hold &&
		equal "counted" "$(counted '.verdict == "drop"')" $((2 * flood))
}

veth_hosts 1500
check attach server drop53 attach vserver --sources 2048
check one_source one_source
check crowd crowd
check sums sums_hold
check counted equal drops "$(counted '.verdict == "drop"')" $((2 * flood + 1000))
check more_than_fit more_than_fit
check reset after_reset
no_hosts
