# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # sourced: common.sh and inside.sh set the rest
#
# The whole way of a packet to be dropped: from the generator through a veth pair to each
# contender, one core doing it all. The floor is the same with nothing but XDP_DROP at the end.

section_path() {
	local contender contenders=()
	for contender in drop drop53 drop53_generic lru xdp_filter tc nft nft_set iptables nothing; do
		prepare "$contender" "$contender" && contenders+=("$contender=${contender}0")
	done
	at generator "$tools/bench_flood" -c "$cpu" -f 4,6 -d 1,16384,16777216 \
		-w "$filling" -r "$(rounds 9 3)" -n "$(rounds 250000 30000)" \
		"${contenders[@]}" >"$work/flood" ||
		skip "path" "the generator failed"
	record path <"$work/flood"
	verify_flood "" <"$work/flood"
}
