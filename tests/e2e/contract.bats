#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What scripts rely on: keys and types of the JSON, exit codes, one line for an error, and what goes
# to stdout and what to stderr.

load lib

setup() {
	sandbox_up 2
}

teardown() {
	sandbox_down
}

# Types as the contract has them; keys beyond it may come. RFC 3339, UTC.
jq_types='
def time: type == "string" and test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?Z$");
def whole: type == "number" and . == floor and . >= 0;
def among(words): . as $word | words | index($word) != null;
def text: type == "string" and length > 0;
def amount: (.packets | whole) and (.bytes | whole);
def schema: .schema_version == 1;
'

# conforms FILTER JSON: true for the filter
conforms() {
	jq -e "$jq_types $1" <<<"$2" >/dev/null && return 0
	printf 'not as the contract says:\n%.1000s\n' "$2" >&2
	return 1
}

something_of_everything() {
	d53 attach eth0 eth1 "$@" 2>/dev/null
	d53 allow add 192.0.2.9 '!2001:db8::9' 2>/dev/null
	send count=3 >/dev/null
	send count=3 src=192.0.2.9 >/dev/null
	send on=eth1 count=5 proto=tcp src=2001:db8::1 dst=2001:db8::53 >/dev/null
	send count=2 tags=9 >/dev/null
	send count=2 offset=9 >/dev/null
}

@test "status --json" {
	something_of_everything
	json=$(d53 status --json)
	conforms 'schema and (.policy | among(["enforce", "monitor"])) and
		(.scope | among(["any", "local"])) and
		(.interfaces | length == 2 and all((.name | text) and (.ifindex | whole) and
			(.xdp_mode | among(["native", "generic"])) and (.program_id | whole) and
			(.program_tag | test("^[0-9a-f]{16}$")) and (.attached_since | time))) and
		(.allow | (.ipv4_prefixes == 1) and (.ipv6_prefixes == 1) and .generation == 2) and
		(.sources | (.tracked == 2) and (.allowed == 1) and (.capacity | whole and . > 0))' "$json"
	same "$(ip -n "$sandbox-host" -j link show eth0 | jq .[0].ifindex)" \
		"$(jq .interfaces[0].ifindex <<<"$json")"
	same "$(ip -n "$sandbox-host" -d -j link show eth0 | jq -r .[0].xdp.prog.tag)" \
		"$(jq -r .interfaces[0].program_tag <<<"$json")"
}

@test "counters --json: every combination there can be, at 0 too" {
	d53 attach eth0 eth1 2>/dev/null
	json=$(d53 counters --json)
	conforms 'schema and (.counters | length > 0 and all((.interface | text) and
		(.family | among(["ipv4", "ipv6", "none"])) and
		(.protocol | among(["udp", "tcp", "none"])) and
		(.verdict | among(["drop", "would_drop", "pass"])) and
		(.reason | among(["port53", "allowed", "not_local", "fragment", "malformed", "too_deep"]))
		and amount and .packets == 0 and .bytes == 0))' "$json"
	conforms '[.counters[] | del(.packets, .bytes)] | length == (unique | length)' "$json"
	# For both interfaces, families and protocols.
	conforms '[.counters[] | select(.reason == "port53" and .verdict == "drop")] | length == 8' \
		"$json"
	conforms '[.counters[] | select(.reason == "allowed")] | length == 8' "$json"
	send count=3 >/dev/null
	same "$(jq '.counters | length' <<<"$json")" "$(json counters '.counters | length')"
}

@test "verdict and reason go together" {
	something_of_everything --policy monitor
	d53 policy enforce 2>/dev/null
	send count=3 >/dev/null
	json=$(d53 counters --json)
	conforms '.counters | all(
		if .reason == "port53" or .reason == "too_deep"
		then .verdict | among(["drop", "would_drop"]) else .verdict == "pass" end)' "$json"
}

@test "sources --json" {
	something_of_everything
	json=$(d53 sources --json)
	conforms 'schema and .account == "dropped" and .tracked == 2 and (.capacity | whole) and (.total | amount) and
		(.untracked | amount) and .untracked.packets == 2 and
		(.sources | length == 2 and all((.source | text) and amount and
			(.family | among(["ipv4", "ipv6"])) and (.udp_packets | whole) and
			(.tcp_packets | whole) and .udp_packets + .tcp_packets == .packets and
			(.first_seen | time) and (.last_seen | time) and .first_seen <= .last_seen))' \
		"$json"
}

@test "sources --allowed --json" {
	something_of_everything
	json=$(d53 sources --allowed --json)
	conforms 'schema and .account == "allowed" and .tracked == 1 and (.capacity | whole) and
		.total.packets == 3 and .untracked.packets == 0 and
		(.sources | length == 1 and (.[0] | .source == "192.0.2.9" and .packets == 3 and
			(.first_seen | time) and (.last_seen | time)))' "$json"
}

@test "explain --json" {
	something_of_everything
	json=$(d53 explain --src 192.0.2.9 --json)
	conforms 'schema and (.results | length == 1) and (.results[0] | .frame == 1 and
		.verdict == "pass" and .reason == "allowed" and .source == "192.0.2.9" and
		.matched_prefix == "192.0.2.9" and .generation == 2)' "$json"
	json=$(d53 explain --src 192.0.2.1 --json)
	conforms '.results[0] | has("matched_prefix") and .matched_prefix == null' "$json"
}

@test "--json and --csv alone on stdout, one document, nothing coloured" {
	local command

	something_of_everything
	for command in "status --json" "counters --json" "sources --json" "allow list --json" \
		"explain --src 192.0.2.1 --json"; do
		# shellcheck disable=SC2086
		run -0 --separate-stderr d53 $command
		same "" "$stderr"
		same 1 "$(jq -s length <<<"$output")"
	done
	run -0 --separate-stderr d53 sources --csv
	same "" "$stderr"
	same 3 "${#lines[@]}"
	same 8 "$(head -1 <<<"$output" | tr , '\n' | wc -l)"
	for command in status counters sources "allow list" "explain --src 192.0.2.1"; do
		# shellcheck disable=SC2086
		run -0 --separate-stderr d53 $command
		[[ $output$stderr != *$'\e'* ]]
	done
}

@test "what is done is told on stderr, and stdout is left alone" {
	local command

	for command in "attach eth0" "policy monitor" "policy enforce --confirm 60" confirm \
		"allow add 192.0.2.1" "allow del 192.0.2.1" reset "reset --sources" "detach --all"; do
		# shellcheck disable=SC2086
		run -0 --separate-stderr d53 $command
		same "" "$output"
		[ -n "$stderr" ]
	done
}

@test "usage errors: exit code 2, one line" {
	local command

	d53 attach eth0 2>/dev/null
	while read -r command; do
		# shellcheck disable=SC2086
		fails 2 "" d53 $command || { echo "drop53 $command" >&2; return 1; }
	done <<-'END'

		nonsense
		--nonsense
		-x
		attach
		attach --policy
		attach eth0 --policy nonsense
		attach eth0 --policy=drop
		attach eth0 --scope nonsense
		attach eth0 --xdp-mode offload
		attach eth0 --sources 0
		attach eth0 --sources -1
		attach eth0 --sources 1e6
		attach eth0 --sources 99999999999999999999
		attach eth0 --sources 16777217
		attach eth0 --source-len 24
		attach eth0 --source-len 33,64
		attach eth0 --source-len 24,129
		attach eth0 --source-len 0,0
		attach eth0 --source-len 24,64,1
		attach eth0 --source-len ,
		attach eth0 --nonsense
		attach eth0 -p
		attach eth0 --allow-file
		detach
		detach eth0 --all
		detach --nonsense
		status nonsense
		status --nonsense
		policy
		policy nonsense
		policy enforce monitor
		policy monitor --confirm
		policy monitor --confirm 0
		policy monitor --confirm -5
		policy monitor --confirm 10s
		policy monitor --confirm 999999999
		confirm now
		allow
		allow nonsense
		allow add
		allow del
		allow list nonsense
		allow list --json --json
		allow replace
		allow check
		explain --src
		explain --json
		counters nonsense
		counters --csv
		sources nonsense
		sources --json --csv
		sources --sort nonsense
		sources --limit x
		sources --aggregate 24
		sources --aggregate 24,200
		reset nonsense
		reset --all --sources
		version now
		help nonsense
		help attach detach
		status --bpffs
	END
	same '["eth0"]' "$(json status '[.interfaces[].name]')"
}

@test "an error is one line whatever it has to quote" {
	local odd=$'a\nb\e[31m'

	fails 2 "" d53 "$odd"
	fails 1 "" d53 attach "$odd"
	fails 2 "" d53 attach eth0 --policy "$odd"
	fails 2 "" d53 attach eth0 "--$odd"
	fails 2 "" d53 status "$odd"
	fails 2 "" d53 allow "$odd"
	fails 1 "" d53 allow check "$room/$odd"
	d53 attach eth0 2>/dev/null
	fails 1 "" d53 detach "$odd"
	fails 2 "" d53 allow add "$odd"
	fails 2 "" d53 explain --src "$odd"
	fails 1 "" d53 explain --pcap "$room/$odd"
	fails 1 "" d53 explain --src 192.0.2.1 --iface "$odd"
	fails 1 "" drop53 --bpffs "$room/$odd" status
}

@test "help and version go to stdout; help names every command, and each explains itself" {
	local command

	run -0 --separate-stderr drop53 version
	[[ $output =~ ^drop53\ [0-9]+\.[0-9]+\.[0-9]+ ]]
	same "$output" "$(drop53 --version)"
	run -0 --separate-stderr drop53 help
	same "" "$stderr"
	help=$output
	same "$help" "$(drop53 --help)"
	for command in attach detach status policy confirm allow explain counters sources reset version \
		help; do
		[[ $help == *"  $command "* ]]
		run -0 --separate-stderr drop53 help $command
		[[ $output == "usage: drop53 $command"* ]]
		same "" "$stderr"
		same "$output" "$(drop53 $command --help)"
	done
}

@test "exit codes 0 to 6" {
	run -0 drop53 version
	run -3 d53 status
	run -1 d53 attach nope
	run -2 d53 attach
	run -4 on_host setpriv --reuid=65534 --regid=65534 --clear-groups drop53 attach eth0
	ip -n "$sandbox-host" link add br0 type bridge
	run -5 d53 attach br0 --xdp-mode native
	ip -n "$sandbox-host" link set dev eth0 xdp obj "$build/tests/tools/e2e_stranger.bpf.o" \
		sec xdp
	run -6 d53 attach eth0
	ip -n "$sandbox-host" link set dev eth0 xdp off
	run -0 d53 attach eth0
	run -0 d53 status
	bpftool link detach pinned "$(echo "$state"/link-*)"
	run -3 d53 status
}

@test "a full disk behind stdout is a failure" {
	local command

	something_of_everything
	for command in version help status "status --json" counters "counters --json" sources \
		"sources --json" "sources --csv" "allow list" "explain --src 192.0.2.1"; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr bash -c 'exec >/dev/full; exec "$@"' - nsenter \
			--net="/run/netns/$sandbox-host" drop53 $command
		[[ $stderr == *"standard output: No space left on device"* ]]
	done
}

@test "a reader that has seen enough is no failure" {
	local command

	d53 attach eth0 2>/dev/null
	send count=30000 sources=30000 src=10.0.0.0 payload=0 >/dev/null
	for command in sources "sources --json" "sources --csv"; do
		run -0 bash -c 'set -o pipefail
			{ "$@" 2>/dev/null || echo "exit code $?" >&2; } | head -c 10 >/dev/null' \
			- nsenter --net="/run/netns/$sandbox-host" drop53 $command
		same "" "$output"
	done
}

@test "a closed stdout is told, and hurts nothing" {
	d53 attach eth0 2>/dev/null
	run -1 --separate-stderr bash -c 'exec "$@" >&-' - nsenter \
		--net="/run/netns/$sandbox-host" drop53 status
	[ -n "$stderr" ]
	d53 status >/dev/null
}

@test "--bpffs wherever it stands, before DROP53_BPFFS, before the default" {
	d53 attach eth0 2>/dev/null
	export DROP53_BPFFS=/nowhere
	on_host drop53 --bpffs "$room/bpf" status >/dev/null
	on_host drop53 status --bpffs "$room/bpf" >/dev/null
	on_host drop53 "--bpffs=$room/bpf" status --json | jq -e '.interfaces[0].name == "eth0"'
	run -1 on_host drop53 status
	export DROP53_BPFFS=$room/bpf
}
