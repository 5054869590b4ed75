"""Questions answered by lines: dates first, then words and meaning, fused; or nothing, said plainly."""
