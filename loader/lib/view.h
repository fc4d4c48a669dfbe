/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An array map as memory. Mapped where the descriptor may be written (the kernel refuses to map
 * a read-only one), else copied by batches, which a readable pin is enough for. Either way no
 * packet waits for a reader.
 */
#ifndef DROP53_VIEW_H
#define DROP53_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct diag;

struct view {
	void *data; /* @entries values of @value_size bytes */
	__u32 entries;
	__u32 value_size;
	size_t length; /* bytes at @data */
	bool mapped;   /* the kernel writes into it while we read */
	int fd;	       /* borrowed */
};

/* @value_size: what the caller takes the values for; anything else is -EPROTO. */
int view__open(struct view *view, int map, __u32 value_size, struct diag *diag);

/* Brings a copied view up to date; a mapped one always is. */
int view__refresh(struct view *view, struct diag *diag);

void view__close(struct view *view);

#endif
