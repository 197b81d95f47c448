"""Everything that intake asks of its database. The caller opens the transaction, and alone commits it."""
