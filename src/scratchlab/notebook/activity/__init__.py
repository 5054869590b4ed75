"""Records of the user's own processes: where and when they ran, and which logs they wrote."""
