#include "math/kernels.h"

#include <string.h>

extern const kernels kernels_portable;
#if defined(__x86_64__)
extern const kernels kernels_avx2, kernels_avx512;
#endif

/* Best first. The compiler's runtime asks the processor, and whether the system keeps its wide registers. */
static const kernels *available(int index) {
  switch (index) {
#if defined(__x86_64__)
    case 0:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") ? &kernels_avx512 : NULL;
    case 1:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kernels_avx2 : NULL;
#endif
    default:
      return &kernels_portable;
  }
}

const kernels *kernels_find(const char *name) {
  for (int i = 0; i < 3; i++) {
    const kernels *set = available(i);
    if (set && (!name || strcmp(name, set->name) == 0)) return set;
  }
  return NULL;
}
