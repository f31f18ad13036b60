"""Changes of what decisions rest on, each with its people: exceptions, versions of rules, modes."""
