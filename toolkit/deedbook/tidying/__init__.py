"""Tables in canonical form: UTF-8 without a byte-order mark, LF, cells quoted only where they must be, rows by primary key.

reading    a table's file as the cells that stand in it, or why it cannot be mended
arranging  the same cells in canonical order, their letters composed (Unicode NFC)
tables     the file rewritten, once it is proven that no value changed
"""
