#include "store/parallel.h"

#include "store/hdf.h"

static int given_up;

int afb_parallel_given_up(void) { return given_up; }

afb_status afb_parallel_agree(MPI_Comm comm, afb_status mine, hid_t *file)
{
  afb_status status = afb_agree(comm, mine);
  if (status == AFB_OK)
    return AFB_OK;
  int good = mine == AFB_OK, some_good;
  MPI_Allreduce(&good, &some_good, 1, MPI_INT, MPI_MAX, comm);
  if (some_good) {
    given_up |= *file >= 0;
    *file = H5I_INVALID_HID;
  }
  return afb_trail_at(status, __func__, __FILE__, __LINE__);
}

/* H5Pset_fapl_mpio copies the communicator, with all ranks. */
static afb_status make_access(MPI_Comm comm, const char *path, hsize_t alignment, MPI_Info hints, hid_t *list)
{
  int size;
  MPI_Comm_size(comm, &size);
  *list = afb_hdf_access();
  int good = *list >= 0 && (alignment == 0 || H5Pset_alignment(*list, alignment, alignment) >= 0);
  afb_status status = afb_agree(comm, good ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to open %s: %s", path, afb_hdf_reason()));
  if (status != AFB_OK || size == 1)
    return status;
  good = H5Pset_fapl_mpio(*list, comm, hints) >= 0 && H5Pset_all_coll_metadata_ops(*list, 1) >= 0 && H5Pset_coll_metadata_write(*list, 1) >= 0;
  return afb_agree(comm, good ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to open %s: %s", path, afb_hdf_reason()));
}

afb_status afb_parallel_open(MPI_Comm comm, const char *path, unsigned flags, hsize_t alignment, MPI_Info hints, hid_t *file)
{
  hid_t list;
  *file = H5I_INVALID_HID;
  afb_status status = make_access(comm, path, alignment, hints, &list);
  if (status == AFB_OK) {
    *file = flags == H5F_ACC_TRUNC ? H5Fcreate(path, flags, H5P_DEFAULT, list) : H5Fopen(path, flags, list);
    if (*file < 0)
      status = AFB_FAIL(AFB_E_IO, "cannot open %s: %s", path, afb_hdf_reason());
    status = afb_parallel_agree(comm, status, file);
  }
  if (list >= 0)
    H5Pclose(list);
  return status;
}

afb_status afb_parallel_list(MPI_Comm comm, hid_t *list)
{
  int size;
  MPI_Comm_size(comm, &size);
  *list = H5Pcreate(H5P_DATASET_XFER);
  afb_status status = AFB_OK;
  if (*list < 0 || (size > 1 && H5Pset_dxpl_mpio(*list, H5FD_MPIO_COLLECTIVE) < 0))
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for a transfer: %s", afb_hdf_reason());
  status = afb_agree(comm, status);
  if (status != AFB_OK && *list >= 0) {
    H5Pclose(*list);
    *list = H5I_INVALID_HID;
  }
  return status;
}

static herr_t select_rows(const afb_rows *rows, hid_t space, hid_t memory)
{
  const hsize_t start[3] = {rows->first, 0, 0};
  if (rows->count[0] > 0)
    return H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, rows->count, NULL);
  return H5Sselect_none(space) < 0 ? -1 : H5Sselect_none(memory);
}

afb_status afb_parallel_rows(MPI_Comm comm, const afb_rows *rows, hid_t list, void *in, const void *out)
{
  hid_t space = H5Dget_space(rows->dataset), memory = H5Screate_simple(rows->rank, rows->count, NULL);
  hid_t type = afb_hdf_type(rows->type, rows->length, 0);
  afb_status status = AFB_OK;
  if (space < 0 || memory < 0 || type < 0 || select_rows(rows, space, memory) < 0)
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for a transfer: %s", afb_hdf_reason());
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    herr_t error = in ? H5Dread(rows->dataset, type, memory, space, list, in) : H5Dwrite(rows->dataset, type, memory, space, list, out);
    if (error < 0)
      status = AFB_FAIL(AFB_E_IO, "%s", afb_hdf_reason());
  }
  if (type >= 0)
    H5Tclose(type);
  if (memory >= 0)
    H5Sclose(memory);
  if (space >= 0)
    H5Sclose(space);
  return status;
}
