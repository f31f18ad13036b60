"""The command line and the supervisor of Sekisho: the only place where the parts are wired together."""
