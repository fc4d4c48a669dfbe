# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# The C tests that load the program: the packet tables by BPF_PROG_TEST_RUN among them.
. guest/lib.sh

export CMOCKA_MESSAGE_OUTPUT=TAP

tests=$(find build/tests -name '*_test' | sort)
for test in $tests; do
	check "${test#build/tests/}" "$test"
	cat /tmp/said >>/tmp/tap
done
# cmocka says "not ok 3 # SKIP name".
figure unit_passed "$(grep -c '^ok ' /tmp/tap)"
figure unit_skipped "$(grep -ci '^\(not \)\{0,1\}ok .*# skip' /tmp/tap)"
