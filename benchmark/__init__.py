"""How a run happens: command line, config, plan, cells, pretraining, views, data."""

import os

# How OpenMP's threads wait for work; read when torch is loaded, and inherited by the processes of the cells. Spinning
# long, the default, stalls a machine that does other things too; not spinning slows small operations on an idle one
# (measured in docs/design-notes.md). The second name is that of libgomp, which torch's Linux wheels bring.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
