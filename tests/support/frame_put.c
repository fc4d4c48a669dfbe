/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame_put.h"

void __attribute__((noreturn)) frame__mistake(const char *what)
{
	fprintf(stderr, "frame: %s\n", what);
	abort();
}

void put16(unsigned char *to, unsigned int value)
{
	to[0] = value >> 8;
	to[1] = value;
}

void put32(unsigned char *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value & 0xffff);
}

void put_mac(unsigned char *to, const char *text, const char *automatic)
{
	if (sscanf(text ? text : automatic, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &to[0], &to[1], &to[2],
		   &to[3], &to[4], &to[5]) != 6)
		frame__mistake("not a MAC address");
}

void put_ip(unsigned char *to, int family, const char *text, const char *automatic)
{
	if (inet_pton(family, text ? text : automatic, to) != 1)
		frame__mistake("not an IP address");
}

void put_ports(unsigned char *to, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = i % 2 ? 0x35 : 0;
}

void put_options(unsigned char *to, size_t size)
{
	while (size > 1) {
		size_t whole = size < 257 ? size : 257;

		to[0] = 0x1e;
		to[1] = whole - 2;
		put_ports(to + 2, whole - 2);
		to += whole;
		size -= whole;
	}
	/* One byte left over stays zero: Pad1. */
}

uint32_t internet_sum(const unsigned char *bytes, size_t length, uint32_t start)
{
	for (size_t i = 0; i < length; i++)
		start += i % 2 ? bytes[i] : bytes[i] << 8;
	while (start > 0xffff)
		start = (start & 0xffff) + (start >> 16);
	return start;
}
