"""What a client of Reka must do with each thing that the wire may do.

A case that holds for both wires is written once, over one vocabulary, and runs over all four faces; one that is
special to a wire runs over its two. Each names its fact: a section of the project's notes on Reka's APIs, or "Ours"
where a rule of ours decides what the wire leaves open.
"""
