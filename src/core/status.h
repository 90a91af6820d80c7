/* How every routine reports failure.
 *
 * AFB_OK is success. A positive status is recoverable: the object that the routine worked on is
 * unchanged. A negative status means that the object is unusable and may only be destroyed.
 * A numerical outcome (converged, iteration limit, diverged ...) is a typed result, never a status.
 *
 * The text of the last failure of this process lives in a fixed buffer, and so does the trail of
 * functions that it travelled through. Not collective, except afb_agree. */
#ifndef AFB_CORE_STATUS_H
#define AFB_CORE_STATUS_H

#include <mpi.h>

typedef enum {
  AFB_OK = 0,
  AFB_E_INPUT = 1,       /* the user's input is wrong; the message says where and what to do */
  AFB_E_IO = 2,          /* a file could not be opened, read or written */
  AFB_E_FOREIGN = 3,     /* a file is not what it should be: other format, other input */
  AFB_E_MEMORY = 4,      /* an allocation failed */
  AFB_E_LIMIT = 5,       /* beyond a documented limit */
  AFB_E_NOT_FOUND = 6,
  AFB_E_NUMERIC = 7,     /* a library routine of linear algebra failed */
  AFB_E_INTERNAL = -1,   /* a defect of this program */
  AFB_E_BROKEN = -2      /* the object cannot be used any more */
} afb_status;

enum { AFB_ERROR_LENGTH = 4096 };

/* Records text (printf format) and the place, forgets the former trail; returns `status`. */
afb_status afb_fail_at(afb_status status, const char *function, const char *file, int line,
                       const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Adds a place to the trail; returns `status`. */
afb_status afb_trail_at(afb_status status, const char *function, const char *file, int line);

/* The analyzer, which sees one file at a time, would think that a failure may come back as AFB_OK. */
#ifdef __clang_analyzer__
#define AFB_FAILED_(status, call) ((void)(call), (status))
#else
#define AFB_FAILED_(status, call) (call)
#endif

#define AFB_FAIL(status, ...) AFB_FAILED_((status), afb_fail_at((status), __func__, __FILE__, __LINE__, __VA_ARGS__))

/* Returns from the calling function when `expression` fails. Not for functions that own something:
 * those test the status and leave through one exit. */
#define AFB_TRY(expression)                                                  \
  do {                                                                       \
    afb_status afb_try_ = (expression);                                      \
    if (afb_try_ != AFB_OK)                                                  \
      return AFB_FAILED_(afb_try_, afb_trail_at(afb_try_, __func__, __FILE__, __LINE__)); \
  } while (0)

/* The last failure's text, and the functions it came through ("name (file:line) < ..."); never NULL. */
const char *afb_error_text(void);
const char *afb_error_trail(void);

/* Collective on `comm`. Every rank gives its status; all return the status of the lowest rank that
 * failed, or AFB_OK, and all then hold that rank's text. No collective call may stand between a local
 * failure and this agreement. Cost: one small Allreduce; one Bcast more on failure. */
afb_status afb_agree(MPI_Comm comm, afb_status status);

/* The analyzer has to be told that a failure is never agreed to be AFB_OK. */
#ifdef __clang_analyzer__
#define afb_agree(comm, status) \
  ({ afb_status mine_ = (status), agreed_ = (afb_agree)((comm), mine_); __builtin_assume(mine_ == AFB_OK || agreed_ != AFB_OK); agreed_; })
#endif

#endif
