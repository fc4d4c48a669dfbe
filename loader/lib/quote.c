/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/quote.h"

#include <stdbool.h>

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

const char *quote__text(struct quote *quote, const char *text, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	size_t shown = length < QUOTE_SHOWN ? length : QUOTE_SHOWN, i;
	char *out = quote->text;

	*out++ = '"';
	for (i = 0; i < shown; i++) {
		unsigned char c = text[i];

		if (is_plain(c)) {
			*out++ = c;
			continue;
		}
		*out++ = '\\';
		*out++ = 'x';
		*out++ = digits[c >> 4];
		*out++ = digits[c & 15];
	}
	*out++ = '"';
	for (i = 0; shown < length && i < 3; i++)
		*out++ = '.';
	*out = '\0';
	return quote->text;
}
