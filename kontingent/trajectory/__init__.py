"""The learner's path (траектория): transfers, children out of sight, flows, and what others are told of them.

``transfers``  from school to school, led by the receiver
``cases``      children out of sight: rules over the register, and the work on what they find; knows ``transfers``
``flows``      paths, flows between places, cohorts, coverage, forecast
``feed``       every movement, merge and correction as an ordered event for other systems
"""
