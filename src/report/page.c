#include "report/page.h"

#include "report/html.h"

void afb_page_html(FILE *out, const afb_page *page)
{
  afb_html_begin(out, page->path, NULL);
  afb_html_end(out, "Aufbau");
}

void afb_page_text(FILE *out, const afb_page *page)
{
  fprintf(out, "%s: %lld runs\n", page->path, (long long)page->stored.n_runs);
}
