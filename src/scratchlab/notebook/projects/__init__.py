"""Projects: what their READMEs, recipes, configs and scripts say, what fills the disk, and where checkpoints lie."""
