#include "descriptor/list.h"

#include <stddef.h>

const afb_descriptor_facts afb_descriptors[] = {
  {"bispectrum",
   "bispectrum of the density of neighbours on the 3-sphere, in the conventions of SNAP (snap) and OLCAO (olcao)",
   "Bartok, Payne, Kondor, Csanyi, Phys. Rev. Lett. 104, 136403 (2010), doi:10.1103/PhysRevLett.104.136403; Thompson, Swiler, "
   "Trott, Foiles, Tucker, J. Comput. Phys. 285, 316 (2015), doi:10.1016/j.jcp.2014.12.018"},
  {.name = NULL},
};
