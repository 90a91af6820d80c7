from spack.package import *


class Aufbau(AutotoolsPackage):
    """Machine-learning-guided campaigns of atomic-structure calculations, one MPI program."""

    # Of a checkout: `spack dev-build aufbau@main` in it.
    version("main")

    license("BSD-3-Clause")

    depends_on("c", type="build")
    depends_on("autoconf@2.71:", type="build")
    depends_on("automake@1.16:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("hdf5+mpi")
    depends_on("openblas")
    depends_on("scalapack")
    depends_on("petsc+mpi~complex")
    depends_on("slepc")
    depends_on("libfyaml")
    depends_on("cmocka", type="test")
    depends_on("gsl", type="test")

    def configure_args(self):
        # ScaLAPACK comes without a file for pkg-config.
        return ["CC=" + self.spec["mpi"].mpicc, "LIBS=" + self.spec["scalapack"].libs.ld_flags]

    def setup_run_environment(self, env):
        env.set("OPENBLAS_NUM_THREADS", "1")
