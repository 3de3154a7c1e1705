//! Who gets what: the pipeline of policies. Pure: whatever it needs is an argument.
