/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What loading afresh (load.c) and loading over existing tables (upgrade.c) have in common. */
#ifndef DROP53_LOAD_H
#define DROP53_LOAD_H

#include "drop53.h"

struct diag;
struct drop53_bpf;

/* The skeleton, opened and silent, or NULL with the diagnostic filled. */
struct drop53_bpf *load__open(struct diag *diag);

/* Sets the configuration and selects the programs that it asks for. */
void load__configure(struct drop53_bpf *skeleton, const struct drop53_config *config);

/* Loads; -EPERM, -EOPNOTSUPP... in words. */
int load__programs(struct drop53_bpf *skeleton, struct diag *diag);

/* Pins the programs in @directory, over older ones. */
int load__pin_programs(struct drop53_bpf *skeleton, const char *directory, struct diag *diag);

#endif
