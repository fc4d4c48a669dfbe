# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # sourced: scripts/bench set the rest
#
# From samples to the JSON document, and from that to the table and the picture.

describe_machine() {
	jq -n --arg cpu "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n1)" \
		--arg kernel "$(uname -r)" --arg arch "$(uname -m)" --argjson cores "$(nproc)" \
		--arg virtual "$(systemd-detect-virt 2>/dev/null || true)" \
		'{cpu: $cpu, cores: $cores, arch: $arch, kernel: $kernel, virtualization: $virtual}'
}

describe_versions() {
	jq -n --arg drop53 "$(build/drop53 version 2>/dev/null | head -n1)" \
		--arg xdp "$(dpkg-query -Wf '${Version}' xdp-tools 2>/dev/null)" \
		--arg nft "$(dpkg-query -Wf '${Version}' nftables 2>/dev/null)" \
		--arg iptables "$(dpkg-query -Wf '${Version}' iptables 2>/dev/null)" \
		'{drop53: $drop53, "xdp-tools": $xdp, nftables: $nft, iptables: $iptables}'
}

# rows FILE: tab-separated lines as JSON arrays of strings
rows() { jq -R -s 'split("\n") | map(select(. != "") | split("\t"))' "$1"; }

write_document() {
	jq -n -L tests/bench --arg date "$(date -u +%FT%TZ)" --argjson quick "${quick:-0}" \
		--argjson machine "$(describe_machine)" --argjson versions "$(describe_versions)" \
		--slurpfile samples <(rows "$work/samples") \
		--slurpfile skipped <(rows "$work/skipped") \
		--slurpfile checks <(rows "$work/checks") \
		'include "report"; report' >"$work/document"
}

draw() {
	if ! command -v gnuplot >/dev/null; then
		echo "bench: no picture: gnuplot is missing" >&2
		return 1
	fi
	jq -r -L tests/bench 'include "picture"; picture' "$work/document" >"$work/plot" &&
		gnuplot -e "output = '$1'" "$work/plot"
}

report() {
	if [ ! -s "$work/samples" ]; then
		echo "bench: nothing was measured" >&2
		return 1
	fi
	write_document || return
	jq -r -L tests/bench 'include "table"; table' "$work/document"
	[ -z "$json" ] || cp "$work/document" "$json" || return
	[ -z "$svg" ] || draw "$svg"
}
