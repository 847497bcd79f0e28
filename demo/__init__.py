"""A synthetic region for the demo, the tests and the benchmark. No person in it is real."""
