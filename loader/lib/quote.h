/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Somebody else's text inside a message: safe on a terminal, and short. */
#ifndef DROP53_QUOTE_H
#define DROP53_QUOTE_H

#include <stddef.h>

#define QUOTE_SHOWN 60 /* characters of the text at most */
struct quote {
	/* Each may become \xHH; quotes, "..." and NUL besides. */
	char text[QUOTE_SHOWN * 4 + 6];
};

/*
 * The text in double quotes: what is not printable ASCII, a quote or a backslash as \xHH, what is
 * too long cut with "...". Returns quote->text.
 */
const char *quote__text(struct quote *quote, const char *text, size_t length);

#endif
