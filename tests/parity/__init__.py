"""The models on DuckDB and on Spark give the same cells and types, on an odd world, too."""
