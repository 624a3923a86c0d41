"""Optuna: so many processes that share a study on SQLite, as its manual advises. Arguments: work file, folder, workers."""

import json
import subprocess
import sys

from work import Work

try:
    import optuna
except ImportError:
    sys.exit(3)

optuna.logging.set_verbosity(optuna.logging.ERROR)


def run(file, storage):
    """One of the workers."""
    work = Work(file)

    def objective(trial):
        # What a search would suggest; the work goes by the number, so that all train the same networks. (Enqueued trials do not
        # serve: two processes can take the same one.)
        for i in range(9):
            trial.suggest_categorical(f"keep{i}", [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1])
        if trial.number >= len(work):
            raise optuna.TrialPruned
        return work.trial(trial.number)

    study = optuna.load_study(study_name="study", storage=storage, sampler=optuna.samplers.RandomSampler())
    study.optimize(objective, callbacks=[optuna.study.MaxTrialsCallback(len(work))])


def main(file, folder, workers):
    storage = f"sqlite:///{folder}/optuna.db"
    study = optuna.create_study(study_name="study", storage=storage, sampler=optuna.samplers.RandomSampler(1), direction="maximize")
    trials = len(json.load(open(file))["trials"])
    processes = [subprocess.Popen([sys.executable, __file__, file, storage]) for _ in range(int(workers))]
    if any(process.wait() != 0 for process in processes):
        sys.exit(1)
    done = {trial.number: trial.value for trial in study.trials if trial.value is not None}
    accuracies = [done[number] for number in range(trials)]
    print(json.dumps({"version": f"Optuna {optuna.__version__}", "accuracies": accuracies}))


if len(sys.argv) == 3:
    run(*sys.argv[1:])
else:
    main(*sys.argv[1:])
