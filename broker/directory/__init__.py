"""What the broker keeps of each directory: people, groups and departments, for the console, reports and approvals."""
