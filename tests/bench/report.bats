#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the benchmark makes of its samples; the measuring itself has checks of its own.

# shellcheck disable=SC2034 # report.sh reads them
setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	work=$BATS_TEST_TMPDIR quick=1 json=$BATS_TEST_TMPDIR/json svg=
	touch "$work/samples" "$work/skipped" "$work/checks"
	# shellcheck source=tests/bench/report.sh
	. tests/bench/report.sh
}

# samples SECTION WHAT CONTENDER UNIT VALUE...: one round after the other
samples() {
	local section=$1 what=$2 contender=$3 unit=$4 round=0
	shift 4
	for value; do
		round=$((round + 1))
		printf '%s\t%s\t%s\t%d\t%s\t%s\n' "$section" "$what" "$contender" $round "$unit" "$value" \
			>>"$work/samples"
	done
}

@test "medians, quartiles, and ratios of the same rounds" {
	samples path "IPv4, 1" drop ns 100 200 400 800 1600
	samples path "IPv4, 1" drop53 ns 110 220 440 880 3200
	report >"$work/table"
	jq -e '.measurements[1] | .contender == "drop53" and .median == 440 and .q1 == 220 and
		.q3 == 880 and .min == 110 and .max == 3200 and .n == 5 and .over == "drop" and
		(.ratio.median - 1.1 | fabs) < 1e-9 and .ratio.max == 2 and
		.difference.median == 40' "$json"
}

@test "an even number of rounds: the median lies between the middle two" {
	samples tools attach drop53 ms 1 2 3 10
	report >"$work/table"
	jq -e '.measurements[0] | .median == 2.5 and .q1 == 1.75 and .q3 == 4.75' "$json"
}

@test "a round that one of the two has not is not compared" {
	samples path "IPv4, 1" drop ns 100 100
	samples path "IPv4, 1" drop53 ns 110 120 999
	report >"$work/table"
	jq -e '.measurements[1] | .n == 3 and .ratio.n == 2 and .ratio.median == 1.15' "$json"
}

@test "goals are met or missed, and one that was not measured is not judged" {
	samples path "IPv4, 1" drop ns 100 100 100
	samples path "IPv4, 1" drop53 ns 105 110 120
	samples path "IPv6, 1" drop ns 100 100 100
	samples path "IPv6, 1" drop53 ns 105 111 120
	report >"$work/table"
	jq -e '.goals | length == 2' "$json"
	jq -e '.goals[0] | .met and .value == 1.1 and .limit == 1.1' "$json"
	jq -e '.goals[1] | (.met | not) and .value == 1.11' "$json"
	grep -q '^  met    path: IPv4, one source' "$work/table"
	grep -q '^  MISSED path: IPv6, one source' "$work/table"
}

@test "the gain of two cores is the floor's own and the filter's, compared" {
	samples scaling "1 core, IPv4, 16777216" drop ns 160
	samples scaling "2 cores, IPv4, 16777216" drop ns 80
	samples scaling "1 core, IPv4, 16777216" drop53 ns 190
	samples scaling "2 cores, IPv4, 16777216" drop53 ns 100
	report >"$work/table"
	jq -e '.goals | length == 1 and (.[0] | .met and .value == 0.95)' "$json"
}

@test "frames that got lost and what was skipped are said" {
	samples path "IPv4, 1" drop ns 100
	printf 'path: nft: frames that arrived\t100\t1\tfalse\npath: tc\t7\t7\ttrue\n' >"$work/checks"
	printf 'nft (path)\tOperation not supported\n' >"$work/skipped"
	report >"$work/table"
	grep -q 'CHECKS: 2 counts .*, 1 wrong' "$work/table"
	grep -q 'WRONG path: nft: frames that arrived: sent 100, counted 1' "$work/table"
	grep -q '  nft (path): Operation not supported' "$work/table"
	jq -e '.skipped[0].why == "Operation not supported" and (.checks[0].ok | not)' "$json"
}

@test "nothing measured is a failure" {
	run report
	[ "$status" -ne 0 ]
	[[ $output == *"nothing was measured"* ]]
}

@test "the picture has a bar for each contender with all three numbers of sources" {
	command -v gnuplot >/dev/null || skip "gnuplot is missing"
	for sources in 1 16384 16777216; do
		samples path "IPv4, $sources" drop ns 100
		samples path "IPv4, $sources" drop53 ns 110
	done
	samples path "IPv4, 1" nft ns 500
	svg=$work/picture
	report >"$work/table"
	grep -q '<svg' "$svg"
	grep -q 'bare XDP_DROP' "$svg"
	grep -q '>drop53<' "$svg"
	! grep -q nftables "$svg"
}

@test "the allow-lists: as many prefixes as asked for, all different, and drop53 takes them" {
	build/tests/tools/bench_prefixes 5000 3000 >"$work/list"
	[ "$(sort -u "$work/list" | wc -l)" -eq 8000 ]
	[ "$(grep -c : "$work/list")" -eq 3000 ]
	build/drop53 allow check "$work/list"
}

@test "usage: help, an unknown section, an option without its file" {
	run scripts/bench --help
	[ "$status" -eq 0 ]
	[[ $output == usage:* ]]
	run scripts/bench --only path,nonsense
	[ "$status" -eq 2 ]
	[[ $output == *"no section nonsense"* ]]
	run scripts/bench --json
	[ "$status" -eq 2 ]
}

@test "stopped in the middle, it leaves no process, no namespace and no file behind" {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	mkdir "$work/tmp"
	TMPDIR=$work/tmp scripts/bench --quick --no-install --only path >"$work/log" 2>&1 &
	bench=$!
	until grep -q ' path$' "$work/log"; do kill -0 $bench; sleep 0.1; done
	kill -TERM $bench
	wait $bench || true
	[ -z "$(ls "$work/tmp")" ]
	# The mark of its processes: their environment names the directory.
	[ -z "$(grep -lzs "^BENCH_WORK=$work/tmp" /proc/[0-9]*/environ)" ]
}
