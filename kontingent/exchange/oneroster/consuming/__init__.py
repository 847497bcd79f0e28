"""Reading a journal that speaks OneRoster: its REST interface, or the sets it leaves as files. Both are kinds of sources.

``rules``    where a journal may be asked, which page comes next, how long to wait; pure
``client``   the conversation: a token, pages, patience; nobody but the journal is ever asked
``objects``  objects of the REST interface as rows of a set; pure
``rest``     the kind that asks: what has changed since the last success, in windows of bounded size
``folder``   the kind that finds sets in its folder
``memory``   what sets said before, which changes may refer to
"""
