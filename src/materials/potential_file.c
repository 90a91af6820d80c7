#include "materials/potential_file.h"
typedef int afb_empty_;
