/* What `aufbau bench simulate` prints and draws. One rank writes. */
#ifndef AFB_REPORT_SIMULATE_H
#define AFB_REPORT_SIMULATE_H

#include <stdio.h>

#include "campaign/service.h"
#include "campaign/simulate.h"

enum { AFB_GRID_RANKS = 11, AFB_GRID_MEANS = 4 };

/* Efficiencies for means, layouts and numbers of ranks. */
typedef struct {
  int ranks[AFB_GRID_RANKS];
  double mean[AFB_GRID_MEANS];
  afb_simulated of[AFB_GRID_MEANS][AFB_N_LAYOUTS][AFB_GRID_RANKS];
} afb_simulation_grid;

/* The measured times; `ranks` of the program that measured, 1: nothing could be sent to another. */
void afb_report_service(FILE *out, const afb_service *service, int ranks);
/* A row a comparison, behind its head. */
void afb_report_trials_of_service_head(FILE *out);
void afb_report_trial_of_service(FILE *out, const afb_simulation *simulation, const afb_service_trial *trial);
void afb_report_simulation(FILE *out, const afb_service *service, const afb_simulation_grid *grid);
/* As an SVG text. */
void afb_report_simulation_figure(FILE *out, const afb_simulation_grid *grid);

#endif
