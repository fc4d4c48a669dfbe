/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon itself, in the metrics that every Prometheus client has: process_*. */
#ifndef DROP53_PROCESS_H
#define DROP53_PROCESS_H

#include <stdio.h>

void process__write(FILE *out);

#endif
