"""Tests of the metrics and of those who ask for them."""
