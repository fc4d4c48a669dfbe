# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# A daemon at the server of metrics_common.sh's two hosts: $conf, $log, and how to ask it.

load metrics_common.sh
url=http://127.0.0.1:20053

# configure LINE...: the configuration, written as an editor does, beside and by rename.
configure() {
	conf=$BATS_TEST_TMPDIR/etc/drop53.conf log=$BATS_TEST_TMPDIR/log
	mkdir -p "${conf%/*}"
	printf '%s\n' "$@" >"$conf.new"
	mv "$conf.new" "$conf"
}

# run_daemon [OPTION...]: returns once it is ready; its process id in $daemon.
run_daemon() {
	ip netns exec "$server" drop53 run -c "$conf" "$@" >>"$log" 2>&1 3>&- &
	daemon=$!
	until_true is_up
}

is_up() {
	kill -0 "$daemon" && ask /healthz
}

stop_daemon() {
	kill -"${1:-TERM}" "$daemon"
	wait "$daemon" || [ "${1:-TERM}" = KILL ]
}

ask() {
	at_server curl -sf -m 10 "$url$1"
}

# metric NAME-AND-LABELS: its value now.
metric() {
	output=$(ask /metrics)
	value "$1"
}

# shows NAME-AND-LABELS VALUE
shows() {
	[ "$(metric "$1")" = "$2" ]
}

says() {
	grep -qF -- "$1" "$log"
}

dropped='drop53_packets_total{interface="eth0",family="ipv4",protocol="udp",verdict="drop",reason="port53"}'
