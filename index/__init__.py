"""From a folder of articles to one searchable store."""

import os

# numpy only multiplies small matrices here. With threads for that, they and those of the models wait for each other:
# one search in twenty took four times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
