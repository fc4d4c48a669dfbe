/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rows by the hundred thousand: printf(3) and strftime(3) would take longer than reading and
 * sorting the table. Text is put at a place, which moves on; the caller's row has room.
 */
#ifndef DROP53_ROWS_H
#define DROP53_ROWS_H

#include <string.h>

#include <linux/types.h>

#define ROW_TEXT 512

/* Each returns the place behind what it wrote. */
static inline char *put_text(char *at, const char *text)
{
	size_t length = strlen(text); /* known to the compiler, mostly */

	memcpy(at, text, length);
	return at + length;
}

char *put_number(char *at, __u64 number);
/* Blanks up to @width columns from @start on, at least one. */
char *put_blanks(char *at, const char *start, int width);
/* The number right-aligned in @width columns, behind at least one blank. */
char *put_column(char *at, __u64 number, int width);

/* As format_time() in out.h. Most rows' seconds are the same few: they are kept. */
#define ROW_SECONDS 64
struct row_clock {
	__u64 second[ROW_SECONDS];
	char text[ROW_SECONDS][24]; /* empty: not used yet */
};
char *put_time(char *at, struct row_clock *clock, __u64 ns);

#endif
