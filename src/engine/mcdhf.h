/* The embedded MCDHF code (atomic/mcdhf.h) as an engine. */
#ifndef AFB_ENGINE_MCDHF_H
#define AFB_ENGINE_MCDHF_H

#include "engine/engine.h"

extern const afb_engine afb_engine_mcdhf;

#endif
