//! From typed expressions to the program that runs over columns; equal sub-conditions of all rules become one node.
