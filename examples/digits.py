#!/usr/bin/env python3
"""Search the hyper-parameters of a classifier over scikit-learn's bundled handwritten digits.

    python digits.py tcp://127.0.0.1:6378

Every combination of C and gamma is one task: it trains a support vector machine on 1,797 images of 8 x 8 pixels with three-fold
cross-validation and returns the mean accuracy. Client and workers need numpy and scikit-learn in their environment.
"""

import argparse
import itertools
import time

from scaler import Client


def accuracy_of(c, gamma):
    """Mean accuracy of three-fold cross-validation, 0 to 1."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import cross_val_score
    from sklearn.svm import SVC

    images, labels = load_digits(return_X_y=True)
    return float(cross_val_score(SVC(C=c, gamma=gamma), images, labels, cv=3).mean())


def main():
    parser = argparse.ArgumentParser(description="Search the parameters of a digit classifier on a scaler cluster.")
    parser.add_argument("address", help="scheduler address, for example tcp://127.0.0.1:6378")
    arguments = parser.parse_args()

    grid = list(itertools.product([0.1, 1.0, 10.0, 100.0], [0.0001, 0.0005, 0.001, 0.005]))
    with Client(address=arguments.address) as client:
        start = time.perf_counter()
        scores = client.map(accuracy_of, [c for c, _ in grid], [gamma for _, gamma in grid])
        elapsed = time.perf_counter() - start

    for score, (c, gamma) in sorted(zip(scores, grid), reverse=True)[:5]:
        print(f"accuracy {score:.4f}  C={c:<6g} gamma={gamma:g}")
    print(f"{len(grid)} parameter sets, {3 * len(grid)} trainings in {elapsed:.3f} s")


if __name__ == "__main__":
    main()
