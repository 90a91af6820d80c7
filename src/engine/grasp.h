/* GRASP2018's programs as an engine: rnucleus, rcsfgenerate, rangular, rwfnestimate and rmcdhf, found on PATH.
 *
 * Rank 0 of the communicator runs them in a fresh directory in scratch on the node (engine/scratch.h), which is removed afterwards; the other ranks
 * wait. Between begin and end the runs of a node share copies of the programs, and the isodata of each nucleus. Each program gets its answers from a file, runs in a process group of its own, and all have request->max_seconds of wall-clock time together. How a run
 * ended is read from what rmcdhf printed and wrote (engine/grasp_run.h), never from its exit status alone.
 *
 * Settings: GRASP's default grid, accuracy and node threshold; orbitals start from a Thomas-Fermi potential or request->start; weights
 * 2J+1. All varied orbitals are spectroscopic (GRASP demands their nodes) when all are varied; with request->vary those that the first
 * configuration occupies. A request with its own CSFs, or whose nucleus rnucleus cannot make (given parameters, H, He), has its list or
 * its isodata written by this program. AFB_OPTIMISE_AVERAGE becomes all levels, which has the same energy functional. The request's rung and,
 * for failed orbitals, the final energies are not known: rung is AFB_RUNG_NONE. */
#ifndef AFB_ENGINE_GRASP_H
#define AFB_ENGINE_GRASP_H

#include "engine/engine.h"

extern const afb_engine afb_engine_grasp;

#endif
