#include "app/inputs.h"

#include "config/nearest.h"
#include "core/account.h"
#include "core/energy.h"

afb_status afb_input_read(const afb_schema *schema, const afb_arguments *arguments, void *input, afb_config **config)
{
  const afb_schema *looks_like = NULL;
  AFB_TRY(afb_config_guess(MPI_COMM_WORLD, arguments->operand[0], afb_schemas, &looks_like));
  if (looks_like && looks_like != schema)
    return AFB_FAIL(AFB_E_INPUT, "%s: this is an input of `aufbau %s`, not of `aufbau %s`", arguments->operand[0],
                    looks_like->name, schema->name);
  AFB_TRY(afb_config_read(MPI_COMM_WORLD, schema, arguments->operand[0], arguments->n_set, arguments->set, input,
                          config));
  afb_energy_begin(MPI_COMM_WORLD, "/sys");
  afb_account_enter(AFB_SPENT_RUN);
  return AFB_OK;
}

afb_store_writer afb_input_writer(const afb_config *config)
{
  return (afb_store_writer){.input = afb_config_resolved(config), .identity = afb_config_identity_text(config),
                            .revision = afb_version_revision(), .libraries = afb_version_libraries()};
}

afb_status afb_file_open(MPI_Comm comm, const char *path, afb_store_mode mode, const afb_store_writer *writer,
                         afb_store **store)
{
  afb_status status = afb_store_open(comm, path, mode, writer, store);
  return status == AFB_OK ? AFB_OK
                          : afb_trail_at(status == AFB_E_IO ? AFB_E_INPUT : status, __func__, __FILE__, __LINE__);
}

const afb_engine *afb_input_engine(afb_config *config, const char *path, const char *name)
{
  const char *names[16];
  char meant[64];
  int n = 0;
  const afb_engine *engine = name ? afb_engine_find(name) : NULL;
  for (; afb_engines[n] && n < 15; n++)
    names[n] = afb_engines[n]->name;
  names[n] = NULL;
  if (name && !engine)
    afb_config_mistake(config, path, -1, 0, "there is no engine \"%.40s\"%s; `aufbau list engines` names them", name,
                       afb_did_you_mean(name, names, meant, sizeof meant));
  if (engine && engine->check && engine->check() != AFB_OK) {
    afb_config_mistake(config, path, -1, 0, "%s", afb_error_text());
    return NULL;
  }
  return engine;
}
