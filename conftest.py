"""Test settings that must reach the notebooks' kernels as well, which inherit this process's environment."""

import os

os.environ.update(OMP_NUM_THREADS="1", PYTHONHASHSEED="0", TQDM_DISABLE="1", MPLBACKEND_TESTS="Agg")
