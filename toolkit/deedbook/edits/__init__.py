"""Changes to the tables that people edit, each proven to change no value but those that it says.

cells      a table's file as the cells that stand in it, or why it cannot be rewritten
canonical  the file in canonical form, once it is proven that no value changed
"""
