/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A compiled set in the kernel, under tests/tools/set_probe.bpf.c. */
#ifndef SET_KERNEL_H
#define SET_KERNEL_H

#include <bpf/libbpf.h>

#include "lib/compile.h"
#include "../tools/set_probe.h"

struct set_kernel {
	struct bpf_object *object;
	struct probe_settings *settings; /* mapped */
	struct drop53_settings *filter;	 /* as set_pages.h asks for them */
	int probe, bench;		 /* programs */
	int sets, listed;		 /* maps */
};

/* The errors are -errno, as libbpf gives them; what is open is closed by set_kernel__close. */
int set_kernel__open(struct set_kernel *kernel, const char *object_path);
void set_kernel__close(struct set_kernel *kernel);

/* Makes the blob the set that the programs look into. */
int set_kernel__put(struct set_kernel *kernel, const struct blob *blob);

/* Whether the program finds the address; -errno. @address: as in struct prefix */
int set_kernel__contains(struct set_kernel *kernel, enum drop53_family family,
			 const __u8 address[static 16]);

/* Instructions the verifier walked to accept a program, from Linux 5.16 on; 0 before. */
__u32 set_kernel__verified(int program);

#endif
