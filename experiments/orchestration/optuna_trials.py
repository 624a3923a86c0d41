"""No-op trials through Optuna on SQLite. Arguments: file of the database, sampler (random | nsga2), trials.

Prints one line of JSON: {"version", "seconds"}; exit code 3 where Optuna is not installed.
"""

import json
import sys
import time

try:
    import optuna
except ImportError:
    sys.exit(3)

file, sampler, trials = sys.argv[1], sys.argv[2], int(sys.argv[3])
optuna.logging.set_verbosity(optuna.logging.ERROR)
samplers = {"random": optuna.samplers.RandomSampler, "nsga2": optuna.samplers.NSGAIISampler}
study = optuna.create_study(
    storage=f"sqlite:///{file}", sampler=samplers[sampler](seed=1), directions=["maximize", "minimize"]
)


def objective(trial):
    values = [trial.suggest_float(f"x{i}", 0, 1) for i in range(10)]
    return sum(values), sum(value**0.5 for value in values)


start = time.perf_counter()
study.optimize(objective, n_trials=trials)
print(json.dumps({"version": optuna.__version__, "seconds": time.perf_counter() - start}))
