"""Words of the domain as data: ids, facts, grants, records. No I/O, nothing to await."""
