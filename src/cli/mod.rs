//! The command line, a file per subcommand; the only module that prints.
