"""The agent: a process on a host with local desktops. It dials the broker and starts and ends desktops for it."""
