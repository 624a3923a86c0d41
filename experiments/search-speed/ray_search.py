"""Ray Tune: so many trials at a time, actors used again. Arguments: work file, folder, workers."""

import json
import sys

from work import Work

try:
    import ray
    from ray import tune
except ImportError:
    sys.exit(3)

works = {}


class Training(tune.Trainable):
    def setup(self, config):
        file = config["file"]
        if file not in works:
            works[file] = Work(file)

    def step(self):
        accuracy = works[self.config["file"]].trial(self.config["number"])
        return {"accuracy": accuracy, "number": self.config["number"], "done": True}

    def reset_config(self, new_config):
        return True


file, folder, workers = sys.argv[1:]
trials = len(json.load(open(file))["trials"])
ray.init(num_cpus=int(workers), include_dashboard=False, logging_level="ERROR", log_to_driver=False)
tuner = tune.Tuner(
    tune.with_resources(Training, {"cpu": 1}),
    param_space={"file": file, "number": tune.grid_search(list(range(trials)))},
    tune_config=tune.TuneConfig(metric="accuracy", mode="max", reuse_actors=True),
    run_config=tune.RunConfig(
        storage_path=folder, verbose=0, checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False)
    ),
)
done = {result.metrics["number"]: result.metrics["accuracy"] for result in tuner.fit()}
print(json.dumps({"version": f"Ray Tune {ray.__version__}", "accuracies": [done[number] for number in range(trials)]}))
