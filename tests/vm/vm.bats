#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# drop53 on the kernels of the list `kernels`, each booted once under QEMU: see boot and guest/.
# Debian 12's kernel always, a test a group of checks; the others with DROP53_ALL_KERNELS=1
# (scripts/test --all-kernels), a test a kernel. What every kernel said to every check is put side
# by side in build/vm/summary.

here=$BATS_TEST_DIRNAME
logs=$here/../../build/vm

setup_file() {
	local why
	rm -f "$here"/../../build/vm/*/results
	if ! command -v qemu-system-x86_64 >/dev/null; then
		echo "qemu is not installed (package qemu-system-x86)" >"$BATS_FILE_TMPDIR/missing"
	elif ! why=$("$here/initrd" base "$BATS_FILE_TMPDIR/base" 2>&1); then
		echo "$why" >"$BATS_FILE_TMPDIR/missing"
	fi
}

teardown_file() {
	"$here/summary" >"$logs/summary" 2>/dev/null || true
}

# boot KERNEL: once in a run, whatever comes of it. Skips where it cannot be had.
boot() {
	local kernel dir=$logs/$1 why
	[ ! -e "$BATS_FILE_TMPDIR/missing" ] || skip "$(cat "$BATS_FILE_TMPDIR/missing")"
	if ! kernel=$("$here/fetch" "$1" 2>"$BATS_TEST_TMPDIR/why"); then
		skip "$(tail -n1 "$BATS_TEST_TMPDIR/why")"
	fi
	[ ! -e "$BATS_FILE_TMPDIR/$1.booted" ] || return 0
	touch "$BATS_FILE_TMPDIR/$1.booted"
	"$here/initrd" modules "$kernel" "$BATS_TEST_TMPDIR/modules"
	cat "$BATS_FILE_TMPDIR/base" "$BATS_TEST_TMPDIR/modules" >"$BATS_TEST_TMPDIR/initrd"
	why=$("$here/boot" "$kernel" "$BATS_TEST_TMPDIR/initrd" "$dir" 2>&1) ||
		echo "# $why" >>"$dir/results"
}

# What the guest said of a group. A line that is missing is a failure.
finished() { # KERNEL GROUP
	local results=$logs/$1/results
	if grep -qx "end $2" "$results" && grep -q "^ok $2 " "$results" &&
		! grep -q "^not ok $2 " "$results"; then
		return 0
	fi
	echo "$1: $2"
	sed -n "/^begin $2\$/,/^end $2\$/p" "$results" | grep -v '^ok '
	grep -qx "end $2" "$results" || { echo "... did not finish"; tail -n 15 "$logs/$1/console"; }
	return 1
}

# verdict: the group that the test is named by, on Debian 12's kernel.
verdict() {
	local group=${BATS_TEST_DESCRIPTION#6.1 } ran skipped
	boot 6.1
	finished 6.1 "$group"
	ran=$(grep -c "^ok $group " "$logs/6.1/results")
	skipped=$(grep "^ok $group .*# SKIP" "$logs/6.1/results") || return 0
	[ "$(wc -l <<<"$skipped")" -lt "$ran" ] || skip "${skipped#*# SKIP }"
}

# Neither a warning nor worse in the kernel's own log, and it came to its end.
sound() { # KERNEL
	grep -qx finished "$logs/$1/results" || { tail -n 20 "$logs/$1/console"; return 1; }
	! grep -aE 'BUG|WARNING|Oops|Call Trace|rcu.*stall|panic' "$logs/$1/console"
}

# every_group: all of it, on the kernel that the test is named by.
every_group() {
	local kernel=$BATS_TEST_DESCRIPTION script group failed=0
	[ -n "${DROP53_ALL_KERNELS:-}" ] || skip "scripts/test --all-kernels boots it"
	boot "$kernel"
	for script in "$here"/guest/[0-9]*.sh; do
		group=$(basename "$script" .sh)
		finished "$kernel" "${group#*_}" || failed=1
	done
	sound "$kernel" || failed=1
	return $failed
}

@test "6.1 load" { verdict; }
@test "6.1 unit" { verdict; }
@test "6.1 sockets" { verdict; }
@test "6.1 veth_native" { verdict; }
@test "6.1 veth_generic" { verdict; }
@test "6.1 link" { verdict; }
@test "6.1 virtio" { verdict; }
@test "6.1 virtio_queues" { verdict; }
@test "6.1 frags" { verdict; }
@test "6.1 allow" { verdict; }
@test "6.1 upgrade" { verdict; }
@test "6.1 counters" { verdict; }
@test "6.1 log" {
	boot 6.1
	sound 6.1
}
@test "5.10" { every_group; }
@test "6.12" { every_group; }
@test "6.18" { every_group; }
@test "newest" { every_group; }

@test "every group of checks and every kernel has its test here" {
	local script name
	for script in "$here"/guest/[0-9]*.sh; do
		name=$(basename "$script" .sh)
		grep -q "^@test \"6.1 ${name#*_}\"" "$BATS_TEST_FILENAME"
	done
	while read -r name _; do
		grep -q "^@test \"${name}[\" ]" "$BATS_TEST_FILENAME"
	done < <(grep -v '^#' "$here/kernels")
}
