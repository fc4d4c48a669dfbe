# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# The project's own C tests on this kernel: the packet tables by BPF_PROG_TEST_RUN among them.
. guest/lib.sh

export CMOCKA_MESSAGE_OUTPUT=TAP

# Those of the native parser and of the daemon's files are the same on every kernel.
tests=$(find build/tests/bpf build/tests/loader/lib -name '*_test' ! -name 'parse_*' \
	! -name 'differential_*' | sort)
for test in $tests; do
	check "${test#build/tests/}" "$test"
	cat /tmp/said >>/tmp/tap
done
# cmocka says "not ok 3 # SKIP name".
figure unit_passed "$(grep -c '^ok ' /tmp/tap)"
figure unit_skipped "$(grep -ci '^\(not \)\{0,1\}ok .*# skip' /tmp/tap)"
