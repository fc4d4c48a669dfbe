/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Allow-lists worth asking every holder of a compiled list about, as text. */
#ifndef LIST_TEXTS_H
#define LIST_TEXTS_H

/* Those at the edges of the addresses and of each other. */
void list_texts__edges(void (*check)(const char *text));

/* Prefixes of every length, one inside the other, allowed and excepted by turns. */
void list_texts__nested(void (*check)(const char *text));

#endif
