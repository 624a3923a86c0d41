"""Opens what `nas export --optuna FILE` wrote with Optuna itself: python check.py FILE"""

import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.WARNING)
url = f"sqlite:///{sys.argv[1]}"
(summary,) = optuna.get_all_study_summaries(storage=url)
study = optuna.load_study(study_name=summary.study_name, storage=url)
states = {state.name: sum(trial.state == state for trial in study.trials) for state in optuna.trial.TrialState}
print(f"Optuna {optuna.__version__}: study {study.study_name}, {study.metric_names}, {[d.name for d in study.directions]}")
print(f"trials: {states}; front: {[trial.number for trial in study.best_trials]}")
for trial in study.best_trials:
    assert len(trial.values) == len(study.directions) and all(c <= 0 for c in trial.system_attrs.get("constraints", []))
