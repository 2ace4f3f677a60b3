#!/usr/bin/env python3
"""Writes a data set of scikit-learn as HDF5 with groups train and test, and scores scikit-learn's MLP
on the same split; needs scikit-learn and h5py.

  sklearn_data.py breast-cancer|diabetes OUTPUT.h5 [--compare]
"""
import sys

import h5py
import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SETS = {"breast-cancer": (load_breast_cancer, MLPClassifier), "diabetes": (load_diabetes, MLPRegressor)}


def main():
    words = [word for word in sys.argv[1:] if word != "--compare"]
    if len(words) != 2 or words[0] not in SETS:
        sys.exit(__doc__)
    load, mlp = SETS[words[0]]
    data = load()
    classes = data.target if mlp is MLPClassifier else None
    x_train, x_test, y_train, y_test = train_test_split(data.data, data.target, test_size=0.25,
                                                        random_state=0, stratify=classes)
    with h5py.File(words[1], "w") as file:
        file["train/x"], file["train/y"] = x_train, y_train
        file["test/x"], file["test/y"] = x_test, y_test
    if "--compare" in sys.argv:
        reached = [make_pipeline(StandardScaler(), mlp(max_iter=2000, random_state=seed))
                   .fit(x_train, y_train).score(x_test, y_test) for seed in (1, 2, 3)]
        print(f"scikit-learn's MLP: {np.mean(reached):.4f} +- {np.std(reached, ddof=1):.4f}")


if __name__ == "__main__":
    main()
