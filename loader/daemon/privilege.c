/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int privilege__drop(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	__u32 keep = 1u << (CAP_BPF % 32), word = CAP_BPF / 32;
	int capability;

	/* CAP_SETPCAP is needed for this, and not asked for: a service manager has done it. */
	for (capability = 0; capability <= CAP_LAST_CAP; capability++)
		if (capability != CAP_BPF)
			prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	if (syscall(SYS_capget, &header, data))
		return -errno;
	keep &= data[word].permitted;
	for (capability = 0; capability < _LINUX_CAPABILITY_U32S_3; capability++)
		data[capability] = (struct __user_cap_data_struct){};
	data[word].permitted = data[word].effective = keep;
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}
