"""Pure decisions: from frozen facts to ``Allow`` or ``Deny``, each with the trace of how it came about."""
