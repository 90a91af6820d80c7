/* What the wall time of this process is spent on: kinds that follow one another without a gap, so that they add up to the time since the
 * account began. Not collective. */
#ifndef AFB_CORE_ACCOUNT_H
#define AFB_CORE_ACCOUNT_H

typedef enum {
  AFB_SPENT_STARTUP,            /* before the first work: MPI, the input, the file */
  AFB_SPENT_RUN,                /* calculations */
  AFB_SPENT_TRAINING,           /* of a campaign's model, and ranking with it */
  AFB_SPENT_VALIDATION,
  AFB_SPENT_STORING,            /* files, with the waits of collective writing */
  AFB_SPENT_SERVICE,            /* queue and messages */
  AFB_SPENT_IDLE,               /* nothing to do */
  AFB_SPENT_DRAIN,              /* the same after this rank's last work, and what belongs to nothing else */
  AFB_N_SPENT
} afb_spent;

typedef struct {
  double wall, cpu;             /* seconds since the account began: of the clock, of this process */
  double spent[AFB_N_SPENT];    /* their sum is wall */
  double waiting[AFB_N_SPENT];  /* of these, in AFB_PHASE_WAIT (core/clock.h) */
} afb_account;

/* Begins a new account, with start-up. */
void afb_account_begin(void);
/* From here on time is spent on `kind`; returns the kind before, for the caller to come back to. Some 0.1 us. */
afb_spent afb_account_enter(afb_spent kind);
/* Counts seconds of one kind as another. */
void afb_account_move(afb_spent from, afb_spent to, double seconds);
/* The account until now. */
void afb_account_read(afb_account *account);
/* Seconds spent on a kind until now. */
double afb_account_spent(afb_spent kind);

#endif
