/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Holds a compiled list against the list itself, at the addresses where they could differ. */
#ifndef LIST_CHECK_H
#define LIST_CHECK_H

#include "lib/compile.h"
#include "lib/list.h"

/* As set_contains4 and set_contains6 do, natively. @address: as in struct prefix */
bool check_contains(const struct blob *blob, enum drop53_family family,
		    const __u8 address[static 16]);

/*
 * Compiles the list and asks both, for the first and the last address of every prefix, their
 * neighbours, the first and the last address of all, and @more drawn ones; reads the list back
 * and compares that too.
 * Returns 0, or -1 with what was wrong in @why.
 */
int check_list(const struct list *list, size_t more, __u64 seed, char why[static 256]);

/* Somebody else who is to hold the compiled list, and is asked the same. Both return -errno. */
struct check_holder {
	int (*put)(void *context, const struct blob *blob);
	int (*contains)(void *context, enum drop53_family family, const __u8 address[static 16]);
	void *context;
};

int check_list_held(const struct list *list, size_t more, __u64 seed,
		    const struct check_holder *holder, char why[static 256]);

#endif
