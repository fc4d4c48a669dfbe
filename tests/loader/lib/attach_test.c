// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../support/kernel.h"
#include "lib/attach.h"
#include "lib/attachment.h"
#include "lib/detach.h"
#include "lib/diag.h"

static int enter(void **state)
{
	int err = sandbox__enter();

	(void)state;
	if (err)
		return err;
	sandbox__do("ip link add a0 type veth peer name a1");
	sandbox__do("ip link add b0 type veth peer name b1");
	sandbox__do("ip link set a0 up && ip link set b0 up");
	return 0;
}

static struct pinned pinned;

static int setup(void **state)
{
	*state = &pinned.filter;
	pinned__new(&pinned, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pinned__free(&pinned);
	return 0;
}

/* The id of the program on an interface's hook; 0: none */
static __u32 hook(const char *name)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	assert_int_equal(bpf_xdp_query(if_nametoindex(name), 0, &query), 0);
	return query.drv_prog_id ?: query.skb_prog_id;
}

static int attach(struct filter *filter, enum xdp_mode mode, struct diag *diag, const char *a,
		  const char *b)
{
	char *const names[] = {(char *)a, (char *)b};
	enum attach_result results[2];

	return attach__all(filter, names, b ? 2 : 1, mode, results, diag);
}

static int detach(struct filter *filter, const char *a, const char *b)
{
	char *const names[] = {(char *)a, (char *)b};

	return detach__interfaces(filter, names, b ? 2 : 1, NULL);
}

static void all_are_attached_and_listed_in_order_of_ifindex(void **state)
{
	struct attachment all[DROP53_MAX_INTERFACES];
	struct filter *filter = *state;

	assert_int_equal(attach(filter, XDP_MODE_AUTO, NULL, "b0", "a0"), 0);
	assert_int_equal(attachments__list(filter, all), 2);
	assert_string_equal(all[0].name, "a0");
	assert_string_equal(all[1].name, "b0");
	for (int i = 0; i < 2; i++) {
		assert_true(all[i].attached);
		assert_int_equal(all[i].mode, XDP_MODE_NATIVE);
		assert_int_equal(all[i].ifindex, if_nametoindex(all[i].name));
		assert_int_equal(all[i].program_id, hook(all[i].name));
		assert_int_equal(strlen(all[i].program_tag), 16);
		assert_true(all[i].since > 0);
	}
	assert_int_equal(detach(filter, "a0", "b0"), 0);
	assert_int_equal(hook("a0"), 0);
	assert_int_equal(attachments__list(filter, all), 0);
}

static void one_that_fails_takes_the_others_back(void **state)
{
	struct attachment all[DROP53_MAX_INTERFACES];
	struct filter *filter = *state;
	struct diag diag;

	assert_int_equal(attach(filter, XDP_MODE_AUTO, &diag, "a0", "nope"), -ENODEV);
	assert_non_null(strstr(diag.text, "nope"));
	assert_int_equal(hook("a0"), 0);
	assert_int_equal(attachments__list(filter, all), 0);
	assert_int_equal(attach(filter, XDP_MODE_AUTO, NULL, "a0", NULL), 0);
	assert_int_equal(attach(filter, XDP_MODE_AUTO, NULL, "a0", "nope"), -ENODEV);
	/* What was there before stays. */
	assert_int_not_equal(hook("a0"), 0);
	assert_int_equal(attachments__list(filter, all), 1);
}

static void a_plan_can_be_cancelled(void **state)
{
	char *const names[] = {(char *)"a0", (char *)"b0"};
	struct attachment all[DROP53_MAX_INTERFACES];
	enum attach_result results[2];
	struct filter *filter = *state;
	struct attach_plan *plan;

	assert_int_equal(attach(filter, XDP_MODE_AUTO, NULL, "a0", NULL), 0);
	assert_int_equal(attach__begin(filter, names, 2, XDP_MODE_AUTO, results, &plan, NULL), 0);
	assert_int_equal(results[0], ATTACH_ALREADY);
	assert_int_equal(results[1], ATTACH_NEW);
	assert_int_not_equal(hook("b0"), 0);
	attach__cancel(plan);
	assert_int_equal(hook("b0"), 0);
	assert_int_not_equal(hook("a0"), 0);
	assert_int_equal(attachments__list(filter, all), 1);
	assert_int_equal(attach__begin(filter, names, 2, XDP_MODE_AUTO, results, &plan, NULL), 0);
	attach__finish(plan);
	assert_int_not_equal(hook("b0"), 0);
	assert_int_equal(attachments__list(filter, all), 2);
}

static void another_mode_is_refused(void **state)
{
	struct filter *filter = *state;

	assert_int_equal(attach(filter, XDP_MODE_GENERIC, NULL, "a0", NULL), 0);
	assert_int_equal(attach(filter, XDP_MODE_NATIVE, NULL, "a0", NULL), -EINVAL);
	assert_int_equal(attach(filter, XDP_MODE_AUTO, NULL, "a0", NULL), 0);
	assert_int_equal(attach(filter, XDP_MODE_GENERIC, NULL, "a0", NULL), 0);
}

static void somebody_elses_program_is_named_and_left_alone(void **state)
{
	const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K,
		 .dst_reg = BPF_REG_0,
		 .imm = 2 /* XDP_PASS */},
		{.code = BPF_JMP | BPF_EXIT},
	};
	struct filter *filter = *state;
	struct diag diag;
	int stranger = bpf_prog_load(BPF_PROG_TYPE_XDP, "stranger", "GPL", pass, 2, NULL);
	char id[32];

	assert_true(stranger >= 0);
	assert_int_equal(bpf_xdp_attach(if_nametoindex("b0"), stranger, 0, NULL), 0);
	snprintf(id, sizeof(id), "id %u, name stranger", hook("b0"));
	assert_int_equal(attach(filter, XDP_MODE_AUTO, &diag, "a0", "b0"), -EBUSY);
	assert_non_null(strstr(diag.text, id));
	assert_int_equal(hook("a0"), 0);
	assert_int_not_equal(hook("b0"), 0);
	assert_int_equal(bpf_xdp_detach(if_nametoindex("b0"), 0, NULL), 0);
	close(stranger);
}

static void detaching_all_or_none(void **state)
{
	struct filter *filter = *state;

	assert_int_equal(attach(filter, XDP_MODE_AUTO, NULL, "a0", NULL), 0);
	assert_int_equal(detach(filter, "a0", "b0"), -ENOENT);
	assert_int_not_equal(hook("a0"), 0);
	assert_int_equal(detach__everything(filter, NULL), 0);
	assert_int_equal(hook("a0"), 0);
	assert_int_equal(detach__everything(filter, NULL), 0);
}

static void reattaching_at_once_never_finds_the_hook_held(void **state)
{
	struct filter *filter = *state;

	for (int i = 0; i < 100; i++) {
		assert_int_equal(attach(filter, XDP_MODE_AUTO, NULL, "a0", "b0"), 0);
		assert_int_equal(detach(filter, "a0", "b0"), 0);
	}
}

/* Where counters are scarce (many CPUs), an ifindex past the last slot has to find one. */
static void any_ifindex_finds_one_of_few_slots(void **state)
{
	struct attachment all[DROP53_MAX_INTERFACES];
	struct filter *filter = *state;
	char name[16];

	filter->settings->config.interfaces = 5;
	for (int i = 0; i < 4; i++) {
		sandbox__do("ip link add t%d index %d type veth peer name u%d", i, 1000 + 4 * i, i);
		snprintf(name, sizeof(name), "t%d", i);
		assert_int_equal(attach(filter, XDP_MODE_AUTO, NULL, name, NULL), 0);
	}
	assert_int_equal(attachments__list(filter, all), 4);
	assert_int_equal(attach(filter, XDP_MODE_AUTO, NULL, "a0", NULL), -ENOSPC);
	for (int slot = 4; slot < DROP53_MAX_INTERFACES; slot++)
		assert_int_equal(filter->settings->ifindex[slot], 0);
	assert_int_equal(detach__everything(filter, NULL), 0);
	for (int i = 0; i < 4; i++)
		sandbox__do("ip link del t%d", i);
	filter->settings->config.interfaces = DROP53_MAX_INTERFACES + 1;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(all_are_attached_and_listed_in_order_of_ifindex),
		TEST(one_that_fails_takes_the_others_back),
		TEST(a_plan_can_be_cancelled),
		TEST(another_mode_is_refused),
		TEST(somebody_elses_program_is_named_and_left_alone),
		TEST(detaching_all_or_none),
		TEST(reattaching_at_once_never_finds_the_hook_held),
		TEST(any_ifindex_finds_one_of_few_slots),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
