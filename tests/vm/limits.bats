#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the filter costs the kernel at its defaults: memory, and time to be loaded.
# shellcheck disable=SC2154 # build and state come from lib.bash

load ../e2e/lib

setup() {
	sandbox_up
}

teardown() {
	sandbox_down
}

@test "at the defaults program and maps take at most 20 MiB of the kernel" {
	local pin bytes=0 some
	d53 attach eth0
	# The set in force is no pin of its own: it hangs in the map of maps, and is small.
	for pin in "$state"/*; do
		some=$({
			bpftool -j map show pinned "$pin"
			bpftool -j prog show pinned "$pin"
		} 2>/dev/null | jq -s 'map(.bytes_memlock // 0) | add') # one of them says "error"
		bytes=$((bytes + some))
	done
	echo "# memory: $bytes bytes" >&3
	[ $bytes -gt $((1 << 20)) ] && [ $bytes -le $((20 << 20)) ]
}

# The best of ten: what other processes take is not the filter's.
@test "the program is loaded in under 100 ms" {
	local best
	best=$(for _ in {1..10}; do vm_load "$build/bpf/drop53.bpf.o"; done |
		awk '$1 == "drop53_frags" || $1 == "drop53" { if (!best || $NF < best) best = $NF }
			END { print best }')
	echo "# loaded in $best ms" >&3
	awk -v best="$best" 'BEGIN { exit !(best > 0 && best < 100) }'
}
