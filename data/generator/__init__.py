"""The generator of the synthetic sample: one made-up MSP, written as an Autotask export.

The generator types POs the way people do and never resolves one: the rules of the marts do not
belong here.
"""
