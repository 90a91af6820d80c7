#include <string.h>

#include "report/page_parts.h"

/* Works whose methods stand behind a kind of file. */
typedef struct {
  int campaign, atom, structures;
  const char *work;
} citation;

static const citation citations[] = {
  {1, 1, 0, "C. Froese Fischer, M. Godefroid, T. Brage, P. Jönsson, G. Gaigalas, <i>Advanced multiconfiguration methods for complex atoms: I. Energies and "
            "wave functions</i>, J. Phys. B 49, 182004 (2016), doi:10.1088/0953-4075/49/18/182004"},
  {1, 1, 0, "I. P. Grant, <i>Relativistic Quantum Theory of Atoms and Molecules</i>, Springer, New York (2007)"},
  {1, 1, 0, "C. Froese Fischer, G. Gaigalas, P. Jönsson, J. Bieroń, <i>GRASP2018 \xe2\x80\x93 A Fortran 95 version of the General Relativistic Atomic Structure "
            "Package</i>, Comput. Phys. Commun. 237, 184 (2019), doi:10.1016/j.cpc.2018.10.032"},
  {1, 1, 0, "C. Froese Fischer, O. Zatsarinny, <i>A B-spline Galerkin method for the Dirac equation</i>, Comput. Phys. Commun. 180, 879 (2009)"},
  {1, 0, 0, "J. Lee, Y. Lee, J. Kim, A. Kosiorek, S. Choi, Y. W. Teh, <i>Set Transformer: A Framework for Attention-based Permutation-Invariant Neural "
            "Networks</i>, Proc. 36th Int. Conf. on Machine Learning, PMLR 97, 3744 (2019)"},
  {0, 0, 1, "A. P. Bartók, M. C. Payne, R. Kondor, G. Csányi, <i>Gaussian Approximation Potentials: The Accuracy of Quantum Mechanics, without the "
            "Electrons</i>, Phys. Rev. Lett. 104, 136403 (2010), doi:10.1103/PhysRevLett.104.136403"},
  {0, 0, 1, "A. P. Thompson, L. P. Swiler, C. R. Trott, S. M. Foiles, G. J. Tucker, <i>Spectral neighbor analysis method for automated generation of "
            "quantum-accurate interatomic potentials</i>, J. Comput. Phys. 285, 316 (2015), doi:10.1016/j.jcp.2014.12.018"},
};

void afb_page_citations(FILE *out, int campaign, int atom, int structures, const char *version)
{
  fputs("<h3>To cite</h3>\n<ul class=\"about\"><li>The Aufbau developers, <i>Aufbau: machine-learning-guided campaigns of atomic-structure calculations</i>, version ",
        out);
  afb_html_text(out, version);
  fputs(", BSD-3-Clause</li>\n", out);
  for (size_t i = 0; i < sizeof citations / sizeof *citations; i++)
    if ((campaign && citations[i].campaign) || (atom && citations[i].atom) || (structures && citations[i].structures))
      fprintf(out, "<li>%s</li>\n", citations[i].work);
  fputs("</ul>\n", out);
}

void afb_page_fact(FILE *out, const char *name, const char *value)
{
  if (!value[0])
    return;
  fprintf(out, "<tr><th>%s</th><td class=\"w\">", name);
  afb_html_text(out, value);
  fputs("</td></tr>\n", out);
}

void afb_page_input(FILE *out, const char *input)
{
  if (!input[0])
    return;
  fputs("<details><summary>The input, with all defaults</summary><pre>", out);
  afb_html_text(out, input);
  fputs("</pre></details>\n", out);
}

static int same_program(const afb_store_session *a, const afb_store_session *b)
{
  return strcmp(a->version, b->version) == 0 && strcmp(a->revision, b->revision) == 0 && strcmp(a->host, b->host) == 0 && a->ranks == b->ranks;
}

static void sessions(FILE *out, const afb_page *page)
{
  fputs("<div class=\"wide tall\"><table><thead><tr><th>session</th><th class=\"l\">version</th><th class=\"l\">revision</th><th class=\"l\">host</th><th>ranks</th>"
        "</tr></thead><tbody>\n", out);
  for (int s = 0; s < page->n_sessions; s++) {
    const afb_store_session *of = &page->session[s];
    const char *const text[] = {of->version, of->revision, of->host};
    fputs("<tr><td>", out);
    afb_html_text(out, of->started);
    for (int i = 0; i < 3; i++) {
      fputs("</td><td class=\"l\">", out);
      afb_html_text(out, text[i]);
    }
    fprintf(out, "</td><td>%d</td></tr>\n", of->ranks);
  }
  fputs("</tbody></table></div>\n", out);
}

void afb_page_provenance(FILE *out, const afb_page *page)
{
  const afb_store_session *last = page->n_sessions > 0 ? &page->session[page->n_sessions - 1] : NULL;
  int differ = 0;
  char ranks[32], rows[AFB_HTML_NUMBER];
  afb_html_section(out, "provenance", "Provenance", NULL);
  for (int s = 0; s < page->n_sessions; s++)
    differ += !same_program(&page->session[s], last);
  if (last) {
    snprintf(ranks, sizeof ranks, "%d", last->ranks);
    fputs("<table class=\"facts\"><tbody>\n", out);
    const struct { const char *name, *value; } fact[] = {{"file", page->path}, {"last session", last->started}, {"version", last->version},
      {"revision", last->revision}, {"compiler", last->compiler}, {"MPI", last->mpi}, {"HDF5", last->hdf5}, {"libraries", last->libraries},
      {"host of rank 0", last->host}, {"ranks", ranks}};
    for (size_t i = 0; i < sizeof fact / sizeof *fact; i++)
      afb_page_fact(out, fact[i].name, fact[i].value);
    fputs("</tbody></table>\n", out);
  }
  if (differ)
    sessions(out, page);
  afb_page_input(out, page->input);
  fputs("<details><summary>Rows of the file\xe2\x80\x99s tables</summary><table><tbody>", out);
  for (int t = 0; t < AFB_N_TABLES; t++)
    fprintf(out, "<tr><td>%s</td><td>%s</td><td class=\"l\">%s</td></tr>\n", afb_store_schema((afb_table)t)->name, afb_html_count(page->count[t], rows),
            afb_store_schema((afb_table)t)->description);
  fputs("</tbody></table></details>\n", out);
  afb_page_citations(out, page->is_campaign, 1, 0, last ? last->version : "");
  afb_html_section_end(out);
}
