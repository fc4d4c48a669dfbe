# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# The project's own C tests on this kernel: the packet tables by BPF_PROG_TEST_RUN among them.
. guest/lib.sh

export CMOCKA_MESSAGE_OUTPUT=TAP

for test in $(find build/tests -name '*_test' | sort); do
	check "${test#build/tests/}" "$test"
	cp /tmp/said "/tmp/tap.$(basename "$test")"
done
figure unit_passed "$(cat /tmp/tap.* | grep -c '^ok ')"
figure unit_failed "$(cat /tmp/tap.* | grep -c '^not ok ')"
