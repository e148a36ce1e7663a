"""The store as it lies on disk: cells, read strictly, which of them count, and the frame of all numbers."""
