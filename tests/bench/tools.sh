# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # sourced: common.sh and inside.sh set the rest
#
# The commands: how long they take, and how much memory they and the filter need.

# timed WHAT CONTENDER ROUND NETNS COMMAND...; sets $resident, in KiB
timed() {
	local what=$1 contender=$2 round=$3 netns=$4 measured seconds
	shift 4
	if ! measured=$(at "$netns" "$tools/bench_time" "$@" 2>"$work/stderr"); then
		skip "$what, $contender, round $round" "$(tail -n1 "$work/stderr")"
		return 1
	fi
	read -r seconds resident <<<"$measured"
	sample tools "$what" "$contender" "$round" ms \
		"$(awk -v s="$seconds" 'BEGIN { print s * 1000 }')"
}

# From the command to its end, by when the program is in force. xdp-filter needs a second command
# before it drops anything, which is not counted against it.
measure_attach() {
	local round directory=$work/bpffs/drop53-attach_drop53
	sandbox attach_drop53 && sandbox attach_filter && mkdir "$directory" || return
	for ((round = 1; round <= $(rounds 15 3); round++)); do
		timed attach drop53 "$round" attach_drop53 build/drop53 --bpffs "$directory" attach in0
		drop53_in attach_drop53 detach --all >/dev/null 2>&1
		timed attach xdp_filter "$round" attach_filter xdp-filter load in0
		at attach_filter xdp-filter unload in0 >/dev/null
	done
}

fill_sources() {
	local on=$cpu
	[ "$cpus" -lt 2 ] || on=0,1
	at generator "$tools/bench_flood" -c "$on" -f 4 -d 16777216 -r 0 -n 4000000 \
		drop53=full0 >/dev/null
}

# A full table, against a dump of a hash that holds as many.
measure_listing() {
	local round tracked kind word what="list a full table" directory=$work/bpffs/drop53-full
	prepare drop53 full 1 "$cpus" && fill_sources || return
	tracked=$(drop53_in full sources --json 2>/dev/null | jq .tracked)
	sample tools "sources in a full table" drop53 1 sources "$tracked"
	for kind in hash lru_percpu_hash; do
		"$tools/bench_hash" "$kind" "${tracked:-65536}" "/sys/fs/bpf/$kind" ||
			skip "bpftool map dump of a $kind" "see above"
	done
	for ((round = 1; round <= $(rounds 9 1); round++)); do
		for word in '' --json; do
			timed "$what" "drop53${word:+ $word}" "$round" full \
				build/drop53 --bpffs "$directory" sources ${word:+"$word"}
		done
		for kind in hash lru_percpu_hash; do
			timed "$what" "bpftool, $kind" "$round" full \
				bpftool map dump pinned "/sys/fs/bpf/$kind"
		done
	done
	rm -f /sys/fs/bpf/{,lru_percpu_}hash
}

# ask_daemon FORMAT: one scrape of the daemon in the sandbox `full`, and what curl says of it
ask_daemon() { at full curl -sf -o /dev/null -w "$1" http://127.0.0.1:20053/metrics; }

# On any CPU but the one that packets are measured on; sets $daemon.
start_daemon() {
	local tries directory=$work/bpffs/drop53-full
	printf 'interfaces: [in0]\nlisten: 127.0.0.1:20053\non_exit: keep\n' >"$work/run.conf"
	at full ip link set lo up
	at full taskset -c "$elsewhere" build/drop53 --bpffs "$directory" run -c "$work/run.conf" \
		--force >"$work/run.log" 2>&1 &
	daemon=$!
	for ((tries = 0; tries < 100; tries++)); do ask_daemon '' && return; sleep 0.1; done
	return 1
}

# What a packet costs over more than a second, while Prometheus asks four times in each (its usual
# pace is one in 15 to 60 s), and while it does not.
flood_and_scrape() {
	local round state scraper
	for ((round = 1; round <= $(rounds 15 5); round++)); do
		for state in idle scraped; do
			scraper=
			if [ $state = scraped ]; then
				while ask_daemon ''; do sleep 0.25; done &
				scraper=$!
			fi
			sample tools "flood from 16 k sources" "$state" "$round" ns "$(at generator \
				"$tools/bench_flood" -c "$cpu" -f 4 -d 16384 -r 1 -n 5000000 \
				drop53=full0 | awk -F '\t' '$4 == "ns" { print $5; exit }')"
			[ -z "$scraper" ] || { kill "$scraper"; wait "$scraper"; } 2>/dev/null
		done
	done
}

# The daemon over the same full table: how long a scrape takes, and what it costs the packets.
measure_scrape() {
	local round daemon elsewhere=0
	if ! command -v curl >/dev/null; then
		skip "scrape" "curl is missing"
		return
	fi
	if ! start_daemon; then
		skip "scrape" "$(tail -n1 "$work/run.log")"
		return
	fi
	for ((round = 1; round <= $(rounds 21 5); round++)); do
		sample tools "scrape, full table" drop53 "$round" ms \
			"$(ask_daemon '%{time_total}' | awk '{ print $1 * 1000 }')"
	done
	if [ "$cpus" -gt 1 ]; then
		(taskset -cp "$elsewhere" "$BASHPID" >/dev/null && flood_and_scrape)
	else
		skip "flood while being scraped" "one CPU: the scrape would be counted with the packets"
	fi
	kill "$daemon" && wait "$daemon"
}

# What the kernel holds for one filter, as it says in each map's fdinfo.
kernel_bytes() {
	local pin
	for pin in "$1"/*; do
		bpftool -j map show pinned "$pin" 2>/dev/null | jq '.bytes_memlock? // 0'
	done | jq -s add
}

measure_memory() {
	local mebibytes
	mebibytes=$(kernel_bytes "$work/bpffs/drop53-full/drop53" | jq '. / 1048576')
	sample tools "kernel memory at the defaults" drop53 1 MiB "$mebibytes"
}

# timed_replace WHAT ROUND COMMAND...: in the sandbox of that name, with the memory it took
timed_replace() {
	local what=$1 round=$2 resident
	shift 2
	timed "$what" drop53 "$round" replace build/drop53 --bpffs "$work/bpffs/drop53-replace" "$@" &&
		sample tools "$what" drop53 "$round" "MiB resident" \
			"$(awk -v kib="$resident" 'BEGIN { print kib / 1024 }')"
}

# prefixes_in SANDBOX: how many are in force
prefixes_in() { drop53_in "$1" status --json | jq '.allow | .ipv4_prefixes + .ipv6_prefixes'; }

# A list replaced as a whole, then grown by single prefixes, each of them a new one.
measure_replace() {
	local round kind count=1000000 adds=3 one before
	prepare drop53 replace || return
	"$tools/bench_prefixes" $((count / 2)) $((count / 2)) >"$work/replace-mixed"
	"$tools/bench_prefixes" "$count" 0 >"$work/replace-ipv4"
	"$tools/bench_prefixes" 0 "$count" >"$work/replace-ipv6"
	for ((round = 1; round <= $(rounds 3 1); round++)); do
		for kind in ipv4 mixed ipv6; do
			timed_replace "allow replace, $count prefixes, $kind" "$round" \
				allow replace "$work/replace-$kind" || continue
			[ "$kind" != mixed ] || continue
			before=$(prefixes_in replace)
			for ((one = 1; one <= adds; one++)); do
				timed_replace "allow add to $count prefixes, $kind" \
					$(((round - 1) * adds + one)) \
					allow add "$(added_prefix "$kind" "$one")"
			done
			check "prefixes after allow add, $kind, round $round" \
				$((before + adds)) "$(prefixes_in replace)" 0
		done
	done
}

# added_prefix FAMILY NUMBER: none that bench_prefixes makes
added_prefix() {
	case $1 in
	ipv4) echo "192.0.2.$2" ;;
	ipv6) echo "2001:db8::$2" ;;
	esac
}

section_tools() {
	measure_attach
	measure_listing && measure_memory && measure_scrape
	measure_replace
}
