"""Notes as they lie in an Obsidian vault or any folder of Markdown, read and never changed; every piece knows its lines."""
