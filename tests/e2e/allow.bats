#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The allow-list by its commands: exact, atomic, and unchanged by whatever is wrong.

load lib

# How often the list is replaced under a flood, and what it is killed at.
switches=200 calls="bpf unlink chmod"
[ -z "${DROP53_NIGHTLY:-}" ] || switches=2000 calls="$calls mmap munmap close"

setup() {
	sandbox_up 2
	d53 attach eth0 eth1 2>/dev/null
}

teardown() {
	sandbox_down
}

generation() {
	json status .allow.generation
}

# verdict_of SOURCE: by a packet, not by what a command says of it.
verdict_of() {
	local dst=192.0.2.53

	case $1 in *:*) dst=2001:db8::53 ;; esac
	d53 reset 2>/dev/null
	send "src=$1" dst=$dst >/dev/null
	json counters '.counters[] | select(.packets > 0).reason'
}

@test "add, list and del" {
	d53 allow add 192.0.2.0/24 2001:db8::/32 198.51.100.7
	same $'192.0.2.0/24\n198.51.100.7\n2001:db8::/32' "$(d53 allow list)"
	same "allowed allowed allowed port53" "$(verdict_of 192.0.2.1) $(verdict_of 198.51.100.7) \
$(verdict_of 2001:db8::1) $(verdict_of 198.51.100.8)"
	d53 allow del 192.0.2.0/24 2001:db8::/32
	same 198.51.100.7 "$(d53 allow list)"
	same "port53 allowed port53" \
		"$(verdict_of 192.0.2.1) $(verdict_of 198.51.100.7) $(verdict_of 2001:db8::1)"
}

@test "an exception takes a part out, a longer prefix puts it back" {
	d53 allow add 192.0.2.0/24 '!192.0.2.128/25' 192.0.2.200 2001:db8::/32 '!2001:db8:1::/48'
	same $'192.0.2.0/24\n!192.0.2.128/25\n192.0.2.200\n2001:db8::/32\n!2001:db8:1::/48' \
		"$(d53 allow list)"
	same "allowed port53 allowed port53 allowed port53" "$(verdict_of 192.0.2.127) \
$(verdict_of 192.0.2.128) $(verdict_of 192.0.2.200) $(verdict_of 192.0.2.201) \
$(verdict_of 2001:db8::1) $(verdict_of 2001:db8:1::1)"
}

@test "each change that takes effect raises the generation by one, and no other" {
	same 1 "$(generation)"
	d53 allow add 192.0.2.1 192.0.2.2
	same 2 "$(generation)"
	run -0 --separate-stderr d53 allow add 192.0.2.1
	[[ $stderr == *"0 added; 1 made no difference"* ]]
	run -0 d53 allow del 203.0.113.1
	same 2 "$(generation)"
	run -1 d53 allow replace "$room/none"
	run -2 d53 allow add 192.0.2.0/33
	run -2 d53 allow add '!192.0.2.1'
	same 2 "$(generation)"
	d53 allow add 192.0.2.1 192.0.2.3
	same 3 "$(generation)"
	d53 allow del 192.0.2.1
	same 4 "$(generation)"
	printf '192.0.2.9\n' >"$room/list"
	d53 allow replace "$room/list"
	same 5 "$(generation)"
}

@test "what is wrong with a prefix is a usage error, and nothing is changed" {
	d53 allow add 192.0.2.1
	fails 2 "192.0.2.0/24" d53 allow add 203.0.113.1 192.0.2.1/24
	fails 2 "33" d53 allow add 192.0.2.0/33
	fails 2 "129" d53 allow add 2001:db8::/129
	fails 2 "nonsense" d53 allow add nonsense
	fails 2 "192.0.2.1" d53 allow add '!192.0.2.1'
	fails 2 "192.0.2.5" d53 allow add 192.0.2.5 '!192.0.2.5'
	fails 2 "prefix" d53 allow add
	fails 2 "prefix" d53 allow del
	same 192.0.2.1 "$(d53 allow list)"
	same 2 "$(generation)"
}

@test "a file: comments, blanks, hosts and exceptions; what is listed can be fed back" {
	printf '# customers\n\n 192.0.2.0/24   # office\n!192.0.2.7\r\n2001:db8::/32\n10.0.0.1\n10.0.0.1\n' \
		>"$room/list"
	run -0 --separate-stderr d53 allow replace "$room/list"
	[[ $stderr == *"1 repeated prefixes merged"* ]]
	d53 allow list >"$room/listed"
	same $'10.0.0.1\n192.0.2.0/24\n!192.0.2.7\n2001:db8::/32' "$(cat "$room/listed")"
	d53 allow replace "$room/listed"
	same "$(cat "$room/listed")" "$(d53 allow list)"
	same 3 "$(generation)"
	same '[["10.0.0.1","ipv4",false],["192.0.2.0/24","ipv4",false],["192.0.2.7","ipv4",true],["2001:db8::/32","ipv6",false]]' \
		"$(json allow list '[.prefixes[] | [.prefix, .family, .exception]]')"
}

# wrong WHERE WORDS TEXT: replace, check and attach refuse a file with this text, and say where.
wrong() {
	printf '%b' "$3" >"$room/list"
	fails 1 "$room/list:$1: " d53 allow replace "$room/list"
	[[ $stderr == *"$2"* ]]
	fails 1 "$room/list:$1: " d53 allow check "$room/list"
	fails 1 "$room/list:$1: " d53 attach eth0 --allow-file "$room/list"
}

@test "a wrong file changes nothing, and the message says file, line, column and the mend" {
	local before

	d53 allow add 192.0.2.1
	before="$(d53 allow list) $(generation)"
	wrong 1:1 nonsense 'nonsense\n'
	wrong 3:1 300.0.0.1 '10.0.0.1\n\n300.0.0.1\n'
	wrong 2:4 192.0.2.0/24 '10.0.0.1\n   192.0.2.1/24\n'
	wrong 1:10 "at most 32" '10.0.0.0/33\n'
	wrong 1:12 "at most 128" '2001:db8::/129\n'
	wrong 2:1 "line 1" '192.0.2.7\n!192.0.2.7\n'
	wrong 2:3 NUL '10.0.0.1\n10\0000.0.0.2\n'
	wrong 1:10 "one prefix a line" '10.0.0.1 10.0.0.2\n'
	wrong 2:7 "four numbers" '10.0.0.1\n10.0.0'
	same "$before" "$(d53 allow list) $(generation)"
}

@test "what is no file, or cannot be read, is told" {
	mkdir "$room/directory"
	mkfifo "$room/fifo"
	head -c 100000000 /dev/zero | tr '\0' 1 >"$room/line"
	fails 1 "$room/none" d53 allow replace "$room/none"
	fails 1 directory d53 allow replace "$room/directory"
	fails 1 "not a regular file" d53 allow replace "$room/fifo"
	fails 1 "not a regular file" d53 allow check /dev/null
	fails 1 "$room/line:1:" d53 allow check "$room/line"
	fails 2 "one file" d53 allow replace
	fails 2 "one file" d53 allow check "$room/list" "$room/list"
	same 1 "$(generation)"
}

@test "check says what a list amounts to, with no privileges and nothing attached" {
	d53 detach --all
	printf '192.0.2.0/24\n!192.0.2.7\n192.0.2.9\n2001:db8::/64\n' >"$room/list"
	chmod 755 "$room"
	chmod 644 "$room/list"
	run -0 --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \
		drop53 --bpffs /nowhere allow check "$room/list"
	[[ $output == *"ipv4: 3 prefixes, 1 of them exceptions; 255 addresses allowed; 1 change nothing"* ]]
	[[ $output == *"ipv6: 1 prefixes, 0 of them exceptions; 18446744073709551616 addresses"* ]]
	printf '192.0.2.0/24' >"$room/list"
	run -0 --separate-stderr drop53 allow check "$room/list"
	[[ $stderr == *"no newline"* ]]
}

@test "an empty file is an empty list" {
	d53 allow add 192.0.2.1
	: >"$room/list"
	d53 allow replace "$room/list"
	same "" "$(d53 allow list)"
	same '{"schema_version":1,"generation":3,"prefixes":[]}' "$(json allow list .)"
	same port53 "$(verdict_of 192.0.2.1)"
}

@test "the whole address space, each family for itself" {
	d53 allow add 0.0.0.0/0
	same "allowed port53" "$(verdict_of 203.0.113.99) $(verdict_of 2001:db8::1)"
	d53 allow del 0.0.0.0/0
	d53 allow add ::/0
	same "port53 allowed" "$(verdict_of 203.0.113.99) $(verdict_of 2001:db8::1)"
}

# A list of N prefixes besides the witnesses, no two lists alike.
list_of() {
	echo 192.0.2.1
	echo 2001:db8::1
	seq "$2" $(($2 + $1 - 1)) | awk -v seed="$2" '{
		printf "10.%d.%d.%d/32\n", int($1 / 65536) % 256, int($1 / 256) % 256, $1 % 256
		printf "2001:db8:%x:%x::/64\n", 16 + seed % 1000, $1 % 65536 }'
}

@test "a hundred thousand prefixes of each family" {
	list_of 100000 0 >"$room/list"
	run -0 --separate-stderr d53 allow replace "$room/list"
	[[ $stderr == *"in force (generation 2)"* ]]
	same "100001 65537" "$(json status '[.allow.ipv4_prefixes, .allow.ipv6_prefixes] | join(" ")')"
	d53 allow list >"$room/listed"
	cmp <(grep '\.' "$room/list" | sed 's,/32,,' | sort) <(grep '\.' "$room/listed" | sort)
	same "allowed port53" "$(verdict_of 10.1.134.159) $(verdict_of 10.1.134.160)"
	d53 allow add 203.0.113.5
	same 100002 "$(json status .allow.ipv4_prefixes)"
	d53 allow list >"$room/listed"
	d53 allow replace "$room/listed"
	same 100002 "$(json status .allow.ipv4_prefixes)"
}

# million FAMILY ADDED BESIDE: one more to a million, and away again.
million() {
	local counts=(1000000 0)

	[ "$1" = ipv4 ] || counts=(0 1000000)
	bench_prefixes "${counts[@]}" >"$room/list"
	d53 allow replace "$room/list"
	same port53 "$(verdict_of "$2")"
	d53 allow add "$2"
	same 1000001 "$(json status ".allow.${1}_prefixes")"
	same "allowed port53" "$(verdict_of "$2") $(verdict_of "$3")"
	# A host is listed without its length.
	{ sed 's,/32$,,; s,/128$,,' "$room/list" && echo "$2"; } | LC_ALL=C sort >"$room/wanted"
	d53 allow list >"$room/listed"
	cmp "$room/wanted" <(LC_ALL=C sort "$room/listed")
	d53 allow del "$2"
	same port53 "$(verdict_of "$2")"
	d53 allow list >"$room/listed"
	cmp <(grep -vxF "$2" "$room/wanted") <(LC_ALL=C sort "$room/listed")
}

@test "one prefix more in a list of a million, and away again: the list is exact" {
	million ipv4 192.0.2.7 192.0.2.8
	same 4 "$(generation)"
	million ipv6 2001:db8::7 2001:db8::8
	same 7 "$(generation)"
}

@test "a witness that both lists allow loses no packet while they alternate" {
	local i

	list_of 300 1000 >"$room/a"
	list_of 300 60000 >"$room/b"
	d53 allow replace "$room/b" 2>/dev/null
	flood
	name=flood6 flood on=eth1 src=2001:db8::1 dst=2001:db8::53
	for ((i = 0; i < switches; i += 2)); do
		d53 allow replace "$room/a" 2>/dev/null
		d53 allow replace "$room/b" 2>/dev/null
	done
	stop flood
	stop flood6
	same "" "$(json counters '.counters[] | select(.reason == "port53" and .packets > 0)')"
	same "$(cut -d' ' -f1 "$room/flood.out") $(cut -d' ' -f1 "$room/flood6.out")" \
		"$(json counters '[.counters[] | select(.reason == "allowed" and .packets > 0)]
			| sort_by(.family) | [.[].packets] | join(" ")')"
	same $((2 + switches)) "$(generation)"
}

@test "what neither list allows is never let in while they alternate" {
	local i

	list_of 300 1000 >"$room/a"
	list_of 300 60000 >"$room/b"
	flood src=192.0.2.2
	for ((i = 0; i < 20; i++)); do
		d53 allow replace "$room/a" 2>/dev/null
		d53 allow replace "$room/b" 2>/dev/null
	done
	stop flood
	same "$(cat "$room/flood.out")" "$(dropped)"
	same 0 "$(json counters '[.counters[] | select(.reason == "allowed").packets] | add')"
}

# killed_at STEP SYSCALL COMMAND...: killed as it is about to make its STEPth such call; true once
# there are no such calls left.
killed_at() {
	on_host strace -qq -o /dev/null -e "trace=$2" -e "inject=$2:signal=KILL:when=$1" \
		drop53 "${@:3}" >/dev/null 2>&1
}

@test "replace killed at every step: the old list stands or the new one, and the next works" {
	local call step before listed

	list_of 50 1000 | sed 's,/32,,' | sort >"$room/a"
	list_of 50 60000 | sed 's,/32,,' | sort >"$room/b"
	d53 allow replace "$room/a" 2>/dev/null
	for call in $calls; do
		for ((step = 1; step < 1000; step++)); do
			before=$(generation)
			killed_at $step $call allow replace "$room/b" && break
			listed=$(d53 allow list | sort)
			if [ "$listed" = "$(cat "$room/b")" ]; then
				same $((before + 1)) "$(generation)"
			else
				same "$(cat "$room/a")" "$listed"
				same "$before" "$(generation)"
			fi
			d53 allow replace "$room/a" 2>/dev/null
			same "allowed" "$(verdict_of 192.0.2.1)"
		done
		[ $step -gt 1 ] && [ $step -lt 1000 ]
		d53 allow replace "$room/a" 2>/dev/null
	done
	same 0 "$(find "$DROP53_BPFFS" -name 'drop53-*' | wc -l)"
}

@test "adds at once: none is lost" {
	local i pids=()

	for i in {1..30}; do
		d53 allow add "203.0.113.$i" 2>/dev/null 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	same 30 "$(d53 allow list | wc -l)"
	same 31 "$(generation)"
}

@test "nothing attached: every verb but check says so" {
	d53 detach --all
	: >"$room/list"
	fails 1 "not attached" d53 allow add 192.0.2.1
	fails 1 "not attached" d53 allow del 192.0.2.1
	fails 1 "not attached" d53 allow list
	fails 1 "not attached" d53 allow list --json
	fails 1 "not attached" d53 allow replace "$room/list"
}
