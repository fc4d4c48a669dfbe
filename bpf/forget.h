/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DROP53_FORGET_H
#define DROP53_FORGET_H

#include <linux/types.h>

/*
 * @number, of which the verifier knows nothing any more. Paths that differ only in what they know
 * of a number it walks one by one to the program's end; behind this they are one. (Before Linux 6.3
 * it tells them apart even where the number's value makes no difference to what is allowed.)
 * @unknown: any number of which it knows nothing as it is; read once, if it is in a map, or clang
 *	may read it twice and get two of them
 */
static __always_inline __u64 forget(__u64 number, __u64 unknown)
{
	__u64 same = unknown;

	asm volatile("" : "+r"(same)); /* clang would see that they cancel out */
	return number ^ same ^ unknown;
}

#endif
