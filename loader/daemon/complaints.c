/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/complaints.h"

#include <string.h>

/* FNV-1a; 0 is for "none". */
static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	while (*text)
		hash = (hash ^ (unsigned char)*text++) * 0x100000001b3ull;
	return hash | 1;
}

bool complaints__is_new(struct complaints *complaints, const char *text)
{
	uint64_t hash = hash_text(text);
	size_t i;

	for (i = 0; i < COMPLAINTS_KEPT; i++)
		if (complaints->said[i] == hash)
			return false;
	complaints->said[complaints->next++ % COMPLAINTS_KEPT] = hash;
	return true;
}

void complaints__forget(struct complaints *complaints)
{
	memset(complaints, 0, sizeof(*complaints));
}
