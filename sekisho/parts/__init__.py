"""Parts of the embedded set-up that are other people's programs: how each is started."""
