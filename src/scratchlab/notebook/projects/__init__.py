"""Projects: the text of READMEs, recipes, configs and scripts, disk usage, and checkpoints."""
