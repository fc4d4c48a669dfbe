/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/radix.h"

#include <stdbool.h>
#include <string.h>

#define DIGITS 256

static unsigned int digit(const struct radix_item *item, int key, int shift)
{
	return item->key[key] >> shift & (DIGITS - 1);
}

/* Where each digit's first item goes; false if all have the same digit. */
static bool place(const struct radix_item *items, size_t n, int key, int shift,
		  size_t first[DIGITS])
{
	size_t sum = 0, count;
	unsigned int i;

	memset(first, 0, DIGITS * sizeof(*first));
	for (size_t j = 0; j < n; j++)
		first[digit(&items[j], key, shift)]++;
	if (first[digit(&items[0], key, shift)] == n)
		return false;
	for (i = 0; i < DIGITS; i++) {
		count = first[i];
		first[i] = sum;
		sum += count;
	}
	return true;
}

struct radix_item *radix__sort(struct radix_item *items, struct radix_item *scratch, size_t n)
{
	struct radix_item *from = items, *to = scratch, *swap;
	size_t first[DIGITS], i;
	int key, shift;

	for (key = 0; n && key < RADIX_KEYS; key++) {
		for (shift = 0; shift < 64; shift += 8) {
			if (!place(from, n, key, shift, first))
				continue;
			for (i = 0; i < n; i++)
				to[first[digit(&from[i], key, shift)]++] = from[i];
			swap = from;
			from = to;
			to = swap;
		}
	}
	return from;
}
