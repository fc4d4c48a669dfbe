#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Every clang of Debian's builds an object that this kernel's verifier takes, and cheaply. vm.bats
# asks other kernels about the same objects.

here=$BATS_TEST_DIRNAME
tools=$here/../../build/tests/tools
most=50000

# builds_and_loads: with the clang that the test is named by.
builds_and_loads() {
	local clang=$BATS_TEST_DESCRIPTION object=$BATS_TEST_TMPDIR/drop53.bpf.o name verdict count
	command -v "$clang" >/dev/null || skip "$clang is not installed"
	"$here/compile" "$clang" "$object"
	"$tools/vm_load" "$object" >"$BATS_TEST_TMPDIR/loaded"
	while read -r name verdict count _; do
		echo "# $clang: $name $verdict $count" >&3
		[ "$verdict" = unsupported ] || [ "$count" -le $most ]
	done <"$BATS_TEST_TMPDIR/loaded"
	grep -q "^drop53 verified [1-9]" "$BATS_TEST_TMPDIR/loaded"
}

@test "clang-14" { builds_and_loads; }
@test "clang-16" { builds_and_loads; }
@test "clang-19" { builds_and_loads; }
