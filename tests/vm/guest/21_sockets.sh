# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# The table of frames sent raw at real sockets, with the filter and without: tests/e2e/judge.bats.
. guest/lib.sh
. guest/bats.sh

bats_checks judge
