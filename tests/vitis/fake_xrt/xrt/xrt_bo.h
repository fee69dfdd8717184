// SPDX-License-Identifier: Apache-2.0
#include <xrt/fake.h>
