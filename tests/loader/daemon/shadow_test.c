// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/shadow.h"

static struct source_slot slot(__u32 index, __u32 tenant, __u64 packets)
{
	return (struct source_slot){
		.index = index, .tenant = tenant, .source.count.packets = packets};
}

static __u64 gain(struct shadow *shadow, __u32 index, __u32 tenant, __u64 packets)
{
	struct source_slot now = slot(index, tenant, packets);

	return shadow__gain(shadow, &now);
}

static __u64 seen(const struct shadow *shadow, __u32 index, __u32 tenant, __u64 packets)
{
	struct source_slot now = slot(index, tenant, packets);

	return shadow__seen(shadow, &now);
}

static void gains_from_walk_to_walk(void **unused)
{
	struct shadow shadow;

	(void)unused;
	assert_int_equal(shadow__open(&shadow, 3), 0);
	assert_int_equal(gain(&shadow, 0, 1, 100), 0); /* nothing is known yet */
	shadow.known = true;
	assert_int_equal(gain(&shadow, 0, 1, 130), 30);
	assert_int_equal(gain(&shadow, 0, 1, 130), 0);
	assert_int_equal(gain(&shadow, 0, 513, 7), 7); /* another tenant: all of it is new */
	assert_int_equal(gain(&shadow, 2, 1, 5), 5);   /* was free */
	assert_int_equal(gain(&shadow, 3, 1, 5), 0);   /* no such slot */
	shadow__clear(&shadow);
	assert_int_equal(gain(&shadow, 0, 513, 7), 7);
	shadow__close(&shadow);
	shadow__close(&shadow);
}

/* Only the low half is kept, and it goes round. */
static void counts_over_32_bits(void **unused)
{
	struct shadow shadow;

	(void)unused;
	assert_int_equal(shadow__open(&shadow, 1), 0);
	gain(&shadow, 0, 1, 0x5fffffff0ull);
	shadow.known = true;
	assert_int_equal(seen(&shadow, 0, 1, 0x600000010ull), 0x5fffffff0ull);
	assert_int_equal(gain(&shadow, 0, 1, 0x600000010ull), 0x20);
	assert_int_equal(seen(&shadow, 0, 2, 0x600000010ull), 0);
	shadow__close(&shadow);
}

static void a_table_without_slots(void **unused)
{
	struct shadow shadow;

	(void)unused;
	assert_int_equal(shadow__open(&shadow, 0), 0);
	assert_int_equal(gain(&shadow, 0, 1, 1), 0);
	shadow__close(&shadow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gains_from_walk_to_walk),
		cmocka_unit_test(counts_over_32_bits),
		cmocka_unit_test(a_table_without_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
