/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writing numbers, addresses and fillings into a frame: what frame.c is made of. */
#ifndef DROP53_TESTS_FRAME_PUT_H
#define DROP53_TESTS_FRAME_PUT_H

#include <stddef.h>
#include <stdint.h>

/* The test asks for a frame that cannot be: says so and aborts. */
void frame__mistake(const char *what) __attribute__((noreturn));

void put16(unsigned char *to, unsigned int value);
void put32(unsigned char *to, uint32_t value);

/* @text, or @automatic where that is NULL. */
void put_mac(unsigned char *to, const char *text, const char *automatic);
void put_ip(unsigned char *to, int family, const char *text, const char *automatic);

/* 0x0035 again and again, as if a payload were nothing but port numbers. */
void put_ports(unsigned char *to, size_t size);

/* IPv6 options of a type that hosts skip. Linux takes 7 bytes of padding at most, so they fill. */
void put_options(unsigned char *to, size_t size);

/* The ones' complement sum that all Internet checksums are, not yet complemented. */
uint32_t internet_sum(const unsigned char *bytes, size_t length, uint32_t start);

#endif
