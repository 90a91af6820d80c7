/* Inputs of commands: read, checked by the schema and by what atoms allow. Collective on MPI_COMM_WORLD unless said
 * otherwise; every rank returns the same. */
#ifndef AFB_APP_INPUTS_H
#define AFB_APP_INPUTS_H

#include "app/command.h"
#include "atomic/ion.h"
#include "atomic/mcdhf.h"
#include "campaign/campaign.h"
#include "config/input.h"
#include "config/inputs.h"
#include "engine/engine.h"
#include "store/store.h"

/* Reads the input operand[0]. As afb_config_read; an input of another command is said to be one, AFB_E_INPUT. */
afb_status afb_input_read(const afb_schema *schema, const afb_arguments *arguments, void *input, afb_config **config);

/* Who writes a result file: this program, with this input, which must outlive it. Not collective. */
afb_store_writer afb_input_writer(const afb_config *config);

/* Opens a result file before anything is computed, so that whatever is wrong with it is a wrong input: as afb_store_open
 * on `comm`, with AFB_E_INPUT in place of AFB_E_IO. */
afb_status afb_file_open(MPI_Comm comm, const char *path, afb_store_mode mode, const afb_store_writer *writer,
                         afb_store **store);

/* The engine of that name, NULL with a mistake at `path` when there is none or it cannot run on this machine. Not collective. */
const afb_engine *afb_input_engine(afb_config *config, const char *path, const char *name);

/* A request and what it points at. */
typedef struct {
  afb_mcdhf_request request;
  const afb_engine *engine;
  afb_configuration *configuration;
  afb_csf_list csfs;
  int64_t n_csf;
} afb_atom_request;
void afb_atom_request_clear(afb_atom_request *request);

/* The request of an atom's input, without its start. Adds mistakes to *config; what depends on a value with a mistake is
 * passed over. Then the verdict: AFB_E_INPUT with all mistakes; AFB_E_MEMORY. The caller clears *out. Not collective. */
afb_status afb_atom_request_create(afb_config *config, const afb_atom_input *input, afb_atom_request *out);

/* The ions of a campaign's input, sorted and without repetition; checks all else that needs knowledge of atoms. Then the
 * verdict, as above. *ions is malloc'ed. Not collective; the list of sets is read on rank 0 alone, so that callers agree
 * on the status. */
afb_status afb_campaign_input_check(afb_config *config, const afb_campaign_input *input, int *n_ions, afb_ion **ions);

/* Collective. What an input that was checked says, without its ions and the stop file. */
void afb_campaign_input_options(const afb_campaign_input *input, afb_campaign_options *options);

#endif
