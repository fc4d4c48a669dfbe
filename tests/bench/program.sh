# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # sourced: common.sh and inside.sh set the rest
#
# The program alone: by kind of packet, and by how many sources the dropped packets have.

setup_drop53_listed() {
	printf '%s\n' 198.51.100.0/24 2001:db8:a::/48 >"$work/listed"
	drop53_in "$1" attach "$2" --xdp-mode native --allow-file "$work/listed"
}

measure_kinds() {
	local options=(-c "$cpu" -r "$(rounds 21 5)" -n "$(rounds 500000 100000)")
	"$tools/bench_program" "${options[@]}" "drop53=$(drop53_pin plain program)" |
		record program
	prepare drop53_listed listed || return
	"$tools/bench_program" -l "${options[@]}" "drop53=$(drop53_pin listed program)" |
		record program
}

measure_sources() {
	"$tools/bench_vary" -c "$cpu" -r "$(rounds 11 3)" -n "$(rounds 500000 100000)" \
		-w "$filling" -f 4,6 \
		"$@" | record sources
}

section_program() {
	local contenders=(empty=:drop lru=:lru)
	if prepare drop53 plain; then
		measure_kinds
		contenders+=("drop53=$(drop53_pin plain program)")
	fi
	measure_sources "${contenders[@]}"
}
