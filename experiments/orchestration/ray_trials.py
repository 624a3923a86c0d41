"""No-op trials through Ray Tune, two at a time, each result stored as it does by itself. Arguments: folder, trials.

Prints one line of JSON: {"version", "seconds"}, starting Ray not counted; exit code 3 where Ray Tune is not installed.
"""

import json
import sys
import time

try:
    import ray
    from ray import tune
except ImportError:
    sys.exit(3)

folder, trials = sys.argv[1], int(sys.argv[2])


def objective(config):
    values = config.values()
    return {"near": sum(values), "far": sum(value**0.5 for value in values)}


ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
tuner = tune.Tuner(
    objective,
    param_space={f"x{i}": tune.uniform(0, 1) for i in range(10)},
    tune_config=tune.TuneConfig(metric="near", mode="max", num_samples=trials, reuse_actors=True),
    run_config=tune.RunConfig(storage_path=folder, verbose=0),
)
start = time.perf_counter()
tuner.fit()
print(json.dumps({"version": ray.__version__, "seconds": time.perf_counter() - start}))
