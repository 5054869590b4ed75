"""What a run's folder holds, shown again where others look for it."""
