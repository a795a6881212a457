"""One model a file, each written out in the lesson that its docstring names."""
