// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Taking over the configuration and the list, all or nothing, and what the manager is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../support/kernel.h"
#include "daemon/daemon_priv.h"
#include "daemon/listen.h"
#include "lib/allowlist.h"
#include "lib/counters.h"
#include "lib/diag.h"
#include "out.h"

static char room[] = "/tmp/drop53-reload-XXXXXX";
static const struct daemon_options options = {.bpffs = SANDBOX_BPFFS, .force = true};
static struct daemon at_work;
static int manager; /* what the service manager would read */

/* The loop is not run here: what has settled is said by the test. */
void daemon__settle(void *context)
{
	(void)context;
}

/* The only writer that the daemon has. */
static char logged[4096];

static void log_line(const char *format, va_list args)
{
	size_t used = strlen(logged);

	vsnprintf(logged + used, sizeof(logged) - used, format, args);
	used = strlen(logged);
	snprintf(logged + used, sizeof(logged) - used, "\n");
}

void out_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(format, args);
	va_end(args);
}

void out_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(format, args);
	va_end(args);
}

static void put(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", room, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int load(bool first, struct diag *diag)
{
	return daemon__load(&at_work, first, diag);
}

static void start(const char *config, const char *list)
{
	struct diag diag;

	at_work = (struct daemon){
		.options = &options,
		.holder = {.bpffs = SANDBOX_BPFFS, .force = true, .owner = -1},
		.pages = {.bpffs = SANDBOX_BPFFS, .config = &at_work.config},
	};
	snprintf(at_work.path, sizeof(at_work.path), "%s/conf", room);
	put("conf", config);
	put("allow", list);
	assert_true(sd_event_new(&at_work.event) >= 0);
	assert_int_equal(series__open(&at_work.series, &diag), 0);
	at_work.pages.series = at_work.series;
}

static void end(void)
{
	struct diag diag;

	http__close(at_work.http);
	watch__stop(&at_work.list_watch);
	series__close(at_work.series);
	sd_event_unref(at_work.event);
	if (apply__leave(&at_work.holder, true, &diag))
		fail_msg("%s", diag.text);
}

static void assert_loaded(bool first)
{
	struct diag diag;

	if (load(first, &diag))
		fail_msg("%s", diag.text);
}

/* What is in force: "POLICY GENERATION IPV4-PREFIXES", or "none". */
static void assert_force(const char *wanted)
{
	struct allowlist_status status;
	struct filter filter;
	struct state state;
	struct diag diag;
	char text[64] = "none";

	assert_int_equal(state__open(&state, SANDBOX_BPFFS, &diag), 0);
	if (!filter__open(&filter, &state, FILTER_READ, &diag)) {
		assert_int_equal(allowlist__status(&filter, &status, &diag), 0);
		snprintf(text, sizeof(text), "%s %llu %u", policy__name(filter.settings->policy),
			 (unsigned long long)status.generation,
			 status.prefixes[DROP53_FAMILY_IPV4]);
	}
	filter__close(&filter);
	state__close(&state);
	assert_string_equal(text, wanted);
}

static void assert_refused(bool first, const char *why)
{
	struct config before = at_work.config;
	int http = http__socket(at_work.http);
	struct diag diag;

	assert_true(load(first, &diag) < 0);
	if (!strstr(diag.text, why))
		fail_msg("%s\ninstead of %s", diag.text, why);
	assert_memory_equal(&before, &at_work.config, sizeof(before));
	assert_int_equal(http__socket(at_work.http), http);
}

static void both_files_are_taken_over(void **unused)
{
	(void)unused;
	start("interfaces: [lo]\nxdp_mode: generic\nallow_file: allow\n", "192.0.2.0/24\n");
	assert_loaded(true);
	assert_force("enforce 2 1");
	put("conf", "interfaces: [lo]\nxdp_mode: generic\nallow_file: allow\npolicy: monitor\n");
	put("allow", "192.0.2.0/24\n198.51.100.0/24\n");
	assert_loaded(false);
	assert_force("monitor 3 2");
	/* The same again is no other list. */
	assert_loaded(false);
	assert_force("monitor 3 2");
	assert_true(at_work.pages.reloaded);
	end();
}

static void nothing_is_made_of_bad_files(void **unused)
{
	(void)unused;
	start("interfaces: [lo]\nallow_file: allow\n", "192.0.2.0/24\n192.0.2.1/24\n");
	assert_refused(true, "/allow:2:1: ");
	assert_force("none");
	put("conf", "interfaces: [lo]\npolicy: perhaps\n");
	assert_refused(true, "/conf:2:9: ");
	assert_force("none");
	end();
}

static void all_stays_after_bad_files(void **unused)
{
	(void)unused;
	start("interfaces: [lo]\nxdp_mode: generic\nallow_file: allow\n", "192.0.2.0/24\n");
	assert_loaded(true);
	put("conf", "interfaces: [lo]\nallow_file: allow\npolicy: monitor\n");
	put("allow", "192.0.2.0/33\n");
	assert_refused(false, "/allow:1:");
	put("allow", "198.51.100.0/24\n192.0.2.0/24\n");
	put("conf", "interfaces: [lo]\nallow_file: allow\npolicy: monitor\nsources: 5000\n");
	assert_refused(false, "fixed when the filter is loaded");
	put("conf", "interfaces: [lo]\nallow_file: nowhere\npolicy: monitor\n");
	assert_refused(false, "/nowhere: cannot read");
	assert_force("enforce 2 1");
	end();
}

/* The port is asked for before anything is changed; what does not work later gives it back. */
static void all_stays_where_the_port_is_taken(void **unused)
{
	struct config other;
	struct diag diag;
	int taken;

	(void)unused;
	start("interfaces: [lo]\nxdp_mode: generic\n", "");
	assert_loaded(true);
	put("conf", "interfaces: [lo]\npolicy: monitor\nlisten: 127.0.0.1:20054\n");
	assert_int_equal(config__parse_file(at_work.path, &other, &diag), 0);
	taken = listen__open(&other.listen, -1, &diag);
	assert_true(taken >= 0);
	assert_refused(false, "127.0.0.1:20054: Address already in use");
	assert_force("enforce 1 0");
	close(taken);
	put("conf", "interfaces: [lo]\nlisten: 127.0.0.1:20054\nsources: 5000\n");
	assert_refused(false, "fixed");
	taken = listen__open(&other.listen, -1, &diag);
	assert_true(taken >= 0);
	close(taken);
	end();
}

static void serving_moves(void **unused)
{
	static const char *const places[] = {"0.0.0.0:20053", "127.0.0.1:20053", "\"[::1]:20054\""};
	char text[128];
	size_t i;
	int last;

	(void)unused;
	start("interfaces: [lo]\nxdp_mode: generic\n", "");
	assert_loaded(true);
	last = http__socket(at_work.http);
	assert_loaded(false);
	assert_int_equal(http__socket(at_work.http), last);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(text, sizeof(text), "interfaces: [lo]\nlisten: %s\n", places[i]);
		put("conf", text);
		assert_loaded(false);
		assert_int_not_equal(http__socket(at_work.http), last);
		last = http__socket(at_work.http);
	}
	put("conf", "interfaces: [lo]\nlisten: off\n");
	assert_loaded(false);
	assert_int_equal(http__socket(at_work.http), -1);
	end();
}

/* Detached and attached by hand: another filter, which is nobody's until it is taken over. */
static void a_filter_made_by_hand_is_taken_over(void **unused)
{
	struct pinned pinned;

	(void)unused;
	start("interfaces: [lo]\nxdp_mode: generic\nallow_file: allow\nsources: 4096\n",
	      "192.0.2.0/24\n");
	assert_false(apply__is_replaced(&at_work.holder));
	assert_loaded(true);
	assert_false(apply__is_replaced(&at_work.holder));
	sandbox__do("build/drop53 --bpffs " SANDBOX_BPFFS " detach --all >/dev/null 2>&1");
	assert_false(apply__is_replaced(&at_work.holder));
	pinned__new(&pinned, NULL);
	filter__close(&pinned.filter);
	state__close(&pinned.state);
	assert_true(apply__is_replaced(&at_work.holder));
	assert_force("enforce 1 0");
	assert_loaded(false);
	assert_force("enforce 2 1");
	assert_false(apply__is_replaced(&at_work.holder));
	end();
}

/* The next datagram to the service manager; "": none. */
static const char *told(void)
{
	static char text[2048];
	ssize_t length = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[length < 0 ? 0 : length] = '\0';
	return text;
}

static void assert_reload_told(const char *status)
{
	const char *text = told(), *usec = strstr(text, "\nMONOTONIC_USEC=");

	assert_int_equal(strncmp(text, "RELOADING=1\n", 12), 0);
	assert_non_null(usec);
	assert_true(atoll(usec + strlen("\nMONOTONIC_USEC=")) > 0);
	assert_string_equal(told(), "READY=1");
	text = told();
	if (strncmp(text, status, strlen(status)))
		fail_msg("%s\ninstead of %s", text, status);
	assert_string_equal(told(), "");
}

static void the_manager_is_told(void **unused)
{
	double before;

	(void)unused;
	start("interfaces: [lo]\nxdp_mode: generic\nallow_file: allow\n", "192.0.2.0/24\n");
	assert_loaded(true);
	before = at_work.pages.reloaded_at;
	assert_true(before > 1e9);
	assert_string_equal(told(), "");
	put("allow", "all\n");
	daemon__reload(&at_work);
	assert_reload_told("STATUS=not reloaded, all stays as it was: ");
	assert_false(at_work.pages.reloaded);
	assert_true(at_work.pages.reloaded_at == before);
	put("allow", "192.0.2.0/24\n");
	daemon__reload(&at_work);
	assert_reload_told("STATUS=policy enforce; every interface is attached");
	assert_true(at_work.pages.reloaded);
	assert_true(at_work.pages.reloaded_at > before);
	/* What is not filtered is said first, whatever else is wrong. */
	put("conf", "interfaces: [lo, eth7]\nallow_file: allow\n");
	daemon__reload(&at_work);
	assert_reload_told("STATUS=eth7: not attached");
	end();
}

/* The manager's queue holds a few datagrams only, and who sends more waits. */
static void reload_unheard(void)
{
	daemon__reload(&at_work);
	while (*told())
		;
}

/* However often it is looked at; another fault, and the same after a good one, are news. */
static void a_fault_is_logged_once(void **unused)
{
	char wanted[1024];
	int i;

	(void)unused;
	start("interfaces: [lo]\nxdp_mode: generic\nallow_file: allow\n", "192.0.2.0/24\n");
	assert_loaded(true);
	logged[0] = '\0';
	for (i = 0; i < 3; i++) {
		put("allow", "192.0.2.0/24\n  192.0.2.0/99\n");
		reload_unheard();
	}
	snprintf(wanted, sizeof(wanted),
		 "not reloaded, all stays as it was: %s/allow:2:13: ", room);
	assert_int_equal(strncmp(logged, wanted, strlen(wanted)), 0);
	assert_ptr_equal(strchr(logged, '\n'), logged + strlen(logged) - 1);
	logged[0] = '\0';
	put("allow", "what\n");
	reload_unheard();
	snprintf(wanted, sizeof(wanted), "not reloaded, all stays as it was: %s/allow:1:1: ", room);
	assert_int_equal(strncmp(logged, wanted, strlen(wanted)), 0);
	put("allow", "192.0.2.0/24\n");
	reload_unheard();
	logged[0] = '\0';
	put("allow", "what\n");
	reload_unheard();
	assert_int_equal(strncmp(logged, wanted, strlen(wanted)), 0);
	end();
}

static int enter(void **unused)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int err = sandbox__enter();

	(void)unused;
	if (err || !mkdtemp(room))
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", room);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(manager, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	return setenv("NOTIFY_SOCKET", address.sun_path, 1);
}

static int leave(void **unused)
{
	(void)unused;
	sandbox__do("rm -r %s", room);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_files_are_taken_over),
		cmocka_unit_test(nothing_is_made_of_bad_files),
		cmocka_unit_test(all_stays_after_bad_files),
		cmocka_unit_test(all_stays_where_the_port_is_taken),
		cmocka_unit_test(serving_moves),
		cmocka_unit_test(a_filter_made_by_hand_is_taken_over),
		cmocka_unit_test(the_manager_is_told),
		cmocka_unit_test(a_fault_is_logged_once),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
