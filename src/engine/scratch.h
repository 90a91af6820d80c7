/* Scratch on the node for programs of others: a folder that is chosen, shared by the ranks of a node, and removed. */
#ifndef AFB_ENGINE_SCRATCH_H
#define AFB_ENGINE_SCRATCH_H

#include <mpi.h>
#include <stddef.h>

#include "core/status.h"

enum { AFB_SCRATCH_PATH = 1024, AFB_SCRATCH_MEGABYTES = 64 };

/* Where programs are to work: $AUFBAU_SCRATCH when it is set, else the first of $TMPDIR, $SLURM_TMPDIR, $LOCAL_SCRATCH, /tmp and /dev/shm that is
 * a folder to write in, has AFB_SCRATCH_MEGABYTES free and is on no network file system; when all are on one, the first that will do otherwise,
 * with a warning. AFB_E_INPUT: $AUFBAU_SCRATCH will not do, or nothing does: the message says why. Not collective. */
afb_status afb_scratch_choose(char path[AFB_SCRATCH_PATH]);
/* Whether a type of file system (statfs) is one that other nodes share: NFS, Lustre, GPFS, BeeGFS ... Others count as local. */
int afb_scratch_is_network(unsigned long type);

/* Collective on comm. One fresh folder on each node, made by the first of its ranks, held by a lock (on the file `lock` in it) until it is
 * removed, with `bin`: copies of the programs of these names, found on PATH, n of them. Scripts, and programs that look for libraries beside
 * themselves ($ORIGIN), stay where they are. Folders of processes that are no more are removed first. `path` is the folder on this node.
 * AFB_E_INPUT, AFB_E_IO, AFB_E_MEMORY. */
afb_status afb_scratch_open(MPI_Comm comm, int n, const char *const *program, char path[AFB_SCRATCH_PATH]);
/* Collective on the same communicator, when no rank works there any more: removes them. `path` is then empty; nothing when it is. */
void afb_scratch_close(MPI_Comm comm, char path[AFB_SCRATCH_PATH]);

/* A folder with all that is in it. Not collective. */
void afb_scratch_remove(const char *folder);

#endif
