"""Searches with Optuna's samplers and pymoo's NSGA-II; the objective is asked over standard input and output.

First line out: {"optuna": version, "pymoo": version} of what is installed. Then for every line in, a run:
  {"peer", "seed", "trials", "parameters": [{"name", "kind": "int" | "choice" | "float", "high"}],
   "objectives": count, "constraints": count, "anchors": [{name: value}]}
lines out {"ask": {name: value}}, each answered by {"losses": [...], "violations": [...]}, and at last {"end": true}.
Whole numbers and choices count from 0 to high, both included; floats lie on [0, 1].
"""

import json
import sys
import warnings

warnings.filterwarnings("ignore")

try:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
except ImportError:
    optuna = None
try:
    import pymoo
    from pymoo.algorithms.moo.nsga2 import RankAndCrowdingSurvival
    from pymoo.core.mixed import MixedVariableGA, MixedVariableSampling
    from pymoo.core.population import Population
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.core.variable import Choice, Integer, Real
    from pymoo.optimize import minimize
except ImportError:
    pymoo = None


def say(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def measure(candidate):
    say({"ask": candidate})
    return json.loads(sys.stdin.readline())


def run_optuna(run):
    constrained = {"constraints_func": lambda trial: trial.user_attrs["violations"]} if run["constraints"] else {}
    kinds = {
        "optuna-nsga2": lambda: optuna.samplers.NSGAIISampler(seed=run["seed"], **constrained),
        "optuna-tpe": lambda: optuna.samplers.TPESampler(seed=run["seed"], **constrained),
        "optuna-tpe-multivariate": lambda: optuna.samplers.TPESampler(seed=run["seed"], multivariate=True, **constrained),
        "optuna-gp": lambda: optuna.samplers.GPSampler(seed=run["seed"], **constrained),
        "optuna-random": lambda: optuna.samplers.RandomSampler(seed=run["seed"]),
    }
    study = optuna.create_study(directions=["minimize"] * run["objectives"], sampler=kinds[run["peer"]]())
    for anchor in run["anchors"]:
        study.enqueue_trial(anchor)

    def suggest(trial, parameter):
        if parameter["kind"] == "int":
            return trial.suggest_int(parameter["name"], 0, parameter["high"])
        if parameter["kind"] == "choice":
            return trial.suggest_categorical(parameter["name"], list(range(parameter["high"] + 1)))
        return trial.suggest_float(parameter["name"], 0, 1)

    def objective(trial):
        result = measure({parameter["name"]: suggest(trial, parameter) for parameter in run["parameters"]})
        trial.set_user_attr("violations", result["violations"])
        return result["losses"]

    study.optimize(objective, n_trials=run["trials"])


def run_pymoo(run):
    kinds = {
        "int": lambda high: Integer(bounds=(0, high)),
        "choice": lambda high: Choice(options=list(range(high + 1))),
        "float": lambda high: Real(bounds=(0, 1)),
    }
    variables = {parameter["name"]: kinds[parameter["kind"]](parameter["high"]) for parameter in run["parameters"]}

    class Asked(ElementwiseProblem):
        def __init__(self):
            super().__init__(vars=variables, n_obj=run["objectives"], n_ieq_constr=run["constraints"])

        def _evaluate(self, X, out, *args, **kwargs):
            result = measure({name: value.item() if hasattr(value, "item") else value for name, value in X.items()})
            out["F"] = result["losses"]
            if run["constraints"]:
                out["G"] = result["violations"]

    class Anchored(MixedVariableSampling):
        def _do(self, problem, n_samples, **kwargs):
            drawn = super()._do(problem, n_samples, **kwargs)
            return (run["anchors"] + list(drawn))[:n_samples]

    algorithm = MixedVariableGA(survival=RankAndCrowdingSurvival(), sampling=Anchored())
    minimize(Asked(), algorithm, ("n_eval", run["trials"]), seed=run["seed"], verbose=False)


say({"optuna": optuna and optuna.__version__, "pymoo": pymoo and pymoo.__version__})
for line in sys.stdin:
    run = json.loads(line)
    (run_pymoo if run["peer"].startswith("pymoo") else run_optuna)(run)
    say({"end": True})
