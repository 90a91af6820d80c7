#include <stdlib.h>
#include <string.h>

#include "campaign/review.h"
#include "report/page.h"

void afb_page_clear(afb_page *page)
{
  afb_stored_clear(&page->stored);
  afb_campaign_result_clear(&page->result);
  free(page->session);
  free(page->input);
  *page = (afb_page){0};
}

static afb_status read_sessions(afb_store *store, afb_page *page)
{
  page->n_sessions = afb_store_count(store, AFB_TABLE_SESSIONS);
  page->session = malloc((size_t)page->n_sessions * sizeof *page->session + 1);
  if (!page->session)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld sessions", (long long)page->n_sessions);
  AFB_TRY(afb_store_read(store, AFB_TABLE_SESSIONS, 0, page->n_sessions, sizeof *page->session, page->session));
  const afb_store_session *last = page->n_sessions > 0 ? &page->session[page->n_sessions - 1] : NULL;
  AFB_TRY(afb_store_read_text(store, last ? last->input_first : 0, last ? last->input_count : 0, &page->input));
  page->is_campaign = strncmp(page->input, "campaign:", 9) == 0 || strstr(page->input, "\ncampaign:") != NULL;
  return AFB_OK;
}

afb_status afb_page_read(afb_store *store, const char *path, afb_page *page)
{
  *page = (afb_page){.path = path};
  AFB_TRY(read_sessions(store, page));
  AFB_TRY(afb_stored_read(store, &page->stored));
  return page->is_campaign ? afb_campaign_review(store, &page->result) : AFB_OK;
}
