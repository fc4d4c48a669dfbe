#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The tree as it is kept: formatting, static analysis, shell scripts, manual page, licences.

bats_require_minimum_version 1.5.0

@test "scripts/lint has nothing to say" {
	cd "$BATS_TEST_DIRNAME/.."
	run -0 scripts/lint
	[ -z "$output" ]
}

@test "every command is in the manual page and in the help" {
	cd "$BATS_TEST_DIRNAME/.."
	local command
	for command in $(sed -n 's/^\t{"\([a-z]*\)", cmd_.*/\1/p' loader/main.c); do
		grep -q "^\.It Cm $command\b" docs/drop53.8 || { echo "manual: $command"; false; }
		build/drop53 help "$command" | grep -q "^usage: drop53 $command" ||
			{ echo "help: $command"; false; }
	done
}
