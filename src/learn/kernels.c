#include "learn/kernels.h"

const afb_kernels *afb_kernels_best(void)
{
  return afb_kernels_16.available() ? &afb_kernels_16 : afb_kernels_8.available() ? &afb_kernels_8 : &afb_kernels_4;
}
