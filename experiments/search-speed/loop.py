"""PyTorch alone: so many processes that share out the trials, and keep no record. Arguments: work file, folder, workers."""

import json
import sys
from multiprocessing import get_context

from work import Work, torch


def start(file):
    global work
    work = Work(file)


def trial(number):
    return work.trial(number)


if __name__ == "__main__":
    file, _, workers = sys.argv[1:]
    trials = len(json.load(open(file))["trials"])
    with get_context("spawn").Pool(int(workers), start, (file,)) as pool:
        accuracies = pool.map(trial, range(trials), 1)
    print(json.dumps({"version": f"PyTorch {torch.__version__}", "accuracies": accuracies}))
