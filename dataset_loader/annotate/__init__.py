"""The annotation loop: the model labels pictures first, people correct them, and the result trains the next.

`prepare` writes the tasks, most doubtful pictures first; `merge` reads what people corrected.
"""
