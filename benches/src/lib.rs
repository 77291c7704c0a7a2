//! Measures the workspace, and runs the examples of the root README as doc tests.
