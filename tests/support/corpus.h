/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A fuzzer's corpus as a regression test. */
#ifndef CORPUS_H
#define CORPUS_H

#include <stddef.h>
#include <stdint.h>

#define CORPUS_LONGEST 8192 /* bytes in a file at most: a longer one fails the test */

/* Hands each file to a fuzz target, which aborts if it must not be so; fails if there is none. */
void corpus__replay(const char *directory, int (*target)(const uint8_t *data, size_t size));

#endif
