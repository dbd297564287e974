"""The recipes of docs/bi_tools.md, each run with the tool itself."""
