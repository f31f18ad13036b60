"""The lifecycles of desktops and sessions: two enums, two transition tables, one step."""
