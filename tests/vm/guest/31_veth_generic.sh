# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
. guest/lib.sh
. guest/filter.sh

veth_hosts 1500
filter_checks generic
no_hosts
