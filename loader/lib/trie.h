/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* compile.c's builder of what a blob's root entries lead to. */
#ifndef DROP53_TRIE_H
#define DROP53_TRIE_H

#include "lib/compile.h"

struct ranges;

/* Sets the roots of one family, and appends what they lead to. -ENOMEM or -E2BIG. */
int trie__build(struct blob *blob, const struct ranges *ranges, enum set_family family);

/*
 * So many more lines, all zero. What pointed into the blob before is no longer valid. -ENOMEM, or
 * -E2BIG beyond SET_MAX_LINES.
 */
int blob__extend(struct blob *blob, __u32 lines, __u32 *first);

#endif
