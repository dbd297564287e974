"""Tests of the pipeline; run with `make test`."""
