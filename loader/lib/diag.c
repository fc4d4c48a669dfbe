/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/diag.h"

#include <stdio.h>
#include <string.h>

int diag__fail(struct diag *diag, int error, const char *format, ...)
{
	va_list args;

	if (diag) {
		va_start(args, format);
		vsnprintf(diag->text, sizeof(diag->text), format, args);
		va_end(args);
	}
	return -error;
}

int diag__within(struct diag *diag, int result, const char *format, ...)
{
	char inner[sizeof(diag->text)];
	va_list args;
	int used;

	if (!diag)
		return result;
	memcpy(inner, diag->text, sizeof(inner));
	va_start(args, format);
	used = vsnprintf(diag->text, sizeof(diag->text), format, args);
	va_end(args);
	if (used >= 0 && (size_t)used < sizeof(diag->text))
		snprintf(diag->text + used, sizeof(diag->text) - used, ": %s", inner);
	return result;
}
