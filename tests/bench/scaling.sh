# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # sourced: common.sh and inside.sh set the rest
#
# What grows with what: cores, sources, interfaces, prefixes in the allow-list.

# flood LABEL CPUS ROUND CONTENDER=INTERFACE...: one round
flood() {
	local label=$1 on=$2 round=$3
	shift 3
	at generator "$tools/bench_flood" -l "$label" -c "$on" -n "$(rounds 400000 60000)" \
		-d 1,16777216 -f 4 -w "$filling" -r "$round-$round" "$@" >"$work/flood" || return
	record scaling <"$work/flood"
	cat "$work/flood" >>"$work/sent"
}

# One veth queue serves one core.
measure_cores() {
	local round contender contenders=()
	if [ "$cpus" -lt 2 ]; then
		skip "two cores" "the machine has one"
		return
	fi
	for contender in drop drop53 lru; do
		prepare "$contender" "${contender}_2" 1 2 && contenders+=("$contender=${contender}_20")
	done
	: >"$work/sent"
	flood "" 0,1 0 "${contenders[@]}"
	for ((round = 1; round <= $(rounds 11 3); round++)); do
		flood "1 core, " 0 "$round" "${contenders[@]}"
		flood "2 cores, " 0,1 "$round" "${contenders[@]}"
	done
	verify_flood _2 <"$work/sent"
}

# interfaces_of CONTENDER NUMBER: for the command line of bench_flood
interfaces_of() {
	local i
	printf '%s=' "$1"
	for ((i = 0; i < $2; i++)); do printf '%s,' "$1_8$i"; done
}

measure_sources_and_interfaces() {
	local contender contenders=() number arguments options
	options=(-c "$cpu" -w "$filling" -f 4 -r "$(rounds 9 3)" -n "$(rounds 400000 60000)")
	for contender in drop drop53; do
		prepare "$contender" "${contender}_8" 8 && contenders+=("$contender")
	done
	for number in 1 2 4 8; do
		arguments=()
		for contender in "${contenders[@]}"; do
			arguments+=("$(interfaces_of "$contender" "$number")")
		done
		at generator "$tools/bench_flood" "${options[@]}" -l "interfaces: $number, " \
			-d 16384 "${arguments[@]}" | record scaling
		[ "$number" -gt 1 ] || at generator "$tools/bench_flood" "${options[@]}" \
			-l "sources, " -d "$(rounds 1,256,4096,65536,1048576,16777216 1,65536,16777216)" \
			"${arguments[@]}" | record scaling
	done
}

setup_drop53_list() {
	local count=${1#list_}
	"$tools/bench_prefixes" "$count" "$count" >"$work/prefixes-$count" &&
		drop53_in "$1" attach "$2" --xdp-mode native --allow-file "$work/prefixes-$count"
}

# The cost of the look-up alone: drop53 with a list against drop53 without, over sources that the
# list has and over all addresses.
measure_lists() {
	local count contenders=() options
	options=(-c "$cpu" -w "$filling" -f "4,6" -r "$(rounds 9 3)" -n "$(rounds 500000 100000)")
	for count in 0 10 1000 100000 1000000; do
		prepare drop53_list "list_$count" || continue
		contenders+=("list_$count=$(drop53_pin "list_$count" program)")
	done
	[ ${#contenders[@]} -gt 0 ] || return
	"$tools/bench_vary" "${options[@]}" -d any "${contenders[@]}" | record lists
	for count in 10 1000 100000 1000000; do
		"$tools/bench_vary" "${options[@]}" -d "listed:$count" \
			"list_0=$(drop53_pin list_0 program)" \
			"list_$count=$(drop53_pin "list_$count" program)" | record lists
	done
}

section_scaling() {
	measure_cores
	measure_sources_and_interfaces
	measure_lists
}
