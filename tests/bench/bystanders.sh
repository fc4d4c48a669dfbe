# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # sourced: common.sh and inside.sh set the rest
#
# Ordinary traffic on a filtered device. What any XDP program costs there (native: veth loses TSO
# from its peer) is one thing, what drop53 adds to an empty one another.

setup_native_pass() { attach_peer pass "$@"; }
setup_generic_pass() { attach_mode=xdpgeneric attach_peer pass "$@"; }

# The client has a namespace of its own, for generator has no address.
add_client() {
	add_netns "$1-client" &&
		ip -n generator link set dev "${1}0" netns "$1-client" &&
		ip -n "$1-client" addr add 192.0.2.1/24 dev "${1}0" &&
		ip -n "$1-client" link set dev "${1}0" up
}

gigabits() {
	at "$1-client" iperf3 -J -c 192.0.2.2 -t 1 -A 0 |
		jq '.end.sum_received.bits_per_second / 1e9'
}

section_bystanders() {
	local contender contenders=() pairs=() servers=() round
	# As devices are: sandbox() has no need of it here.
	# shellcheck disable=SC2034
	local gro=off
	for contender in nothing native_pass drop53 generic_pass drop53_generic; do
		prepare "$contender" "$contender" || continue
		add_client "$contender" || continue
		contenders+=("$contender")
		pairs+=("$contender=/run/netns/$contender-client,/run/netns/$contender,192.0.2.2")
		at "$contender" iperf3 -s -A $((cpus > 1 ? 1 : 0)) >"$work/iperf3" 2>&1 &
		servers+=($!)
	done
	"$tools/bench_tcp" -c "$cpu" -r "$(rounds 11 5)" -n "$(rounds 5000 2000)" \
		"${pairs[@]}" | record bystanders
	if ! command -v iperf3 >/dev/null; then
		skip "iperf3" "iperf3 is missing"
		return
	fi
	for ((round = 1; round <= $(rounds 15 2); round++)); do
		for contender in "${contenders[@]}"; do
			sample bystanders "iperf3" "$contender" "$round" Gb/s "$(gigabits "$contender")"
		done
	done
	kill "${servers[@]}"
}
