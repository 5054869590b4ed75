"""Reading notes in an Obsidian vault or any folder of Markdown files; every piece has its line numbers. Nothing is written."""
