"""Changes to the tables that people edit, each proven to change no value but those that it says.

canonical  a table's file in canonical form, once it is proven that no value changed, or why it cannot be rewritten
"""
