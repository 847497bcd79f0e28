"""Files of rows that bring attainments, for every room that takes such files: the way in is one, what rows say is the room's.

``models``    a file on its way in and its rows, as the tables of a room have them
``reach``     whose a file is, in the register and in PostgreSQL's policies
``judging``   whom rows are of, where they belong, why they are refused: set by set
``intake``    received, staged, refused, claimed, applied
``queries``   the latest files, why rows were refused and how often, the rows
"""
