"""Writes every file of numbers/ afresh.  usage: python oracle/generate.py [NAME]..."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import activations
import boltzmann
import convolutions
import ctc
import demands
import examples
import graphs
import initializers
import layers
import losses
import metrics
import more_layers
import normalization
import optimizers
import pictures
import recurrent
import schedules
import scores
import sequences
import slides
import summaries
import training

MODULES = {m.__name__: m for m in (layers, graphs, losses, optimizers, schedules, metrics, initializers, normalization, slides, training, summaries, convolutions, activations, pictures, scores, examples, more_layers, demands, sequences, ctc, recurrent, boltzmann)}

if __name__ == "__main__":
    for name in sys.argv[1:] or MODULES:
        MODULES[name].main()
