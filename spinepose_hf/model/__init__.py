"""The network and what belongs to it. These files also travel, flat, beside the weights on the Hub.

Nothing is imported here: each module is imported by its own name, so that those who need only NumPy do not
load torch. Within this folder, modules import each other by single-level relative imports and nothing else of
the package.
"""
